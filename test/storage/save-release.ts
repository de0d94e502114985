/** Saves the bundle of this release, for the rollback test of the next one. */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bundle } from "../../dev/bundle.ts";

const script = await bundle("src/index.ts");
writeFileSync("test/storage/previous-release.js.gz", gzipSync(script, { level: 9 }));
