/**
 * `npm run check:size`: fails if the deployed bundle, or what the console loads, is larger than its bound, or if the
 * end-to-end tests serve another bundle than the deployed one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "../dev/build.ts";
import { bundle } from "../dev/bundle.ts";
import { readEntryFile } from "../dev/wrangler-settings.ts";
import { POSTERN } from "./settings.ts";

/** A new isolate reads the whole bundle before its first answer. Cloudflare allows 3 MB, gzip, on its free plan. */
const MAX_GZIP_BYTES = 120 * 1_024;

/** The console and the page that hands a key over, with scripts and styles. */
const CONSOLE_FOLDERS = ["dist/assets/console", "dist/assets/handover", "dist/assets/static"];
const MAX_CONSOLE_GZIP_BYTES = 60 * 1_000;

// It builds the static files, too.
const { script, bytes, gzipBytes } = await build(POSTERN);
const kib = (count: number) => `${(count / 1_024).toFixed(0)} KiB`;
console.log(
  `The Worker has ${kib(bytes)}, ${kib(gzipBytes)} gzip. The bound is ${kib(MAX_GZIP_BYTES)} gzip.`,
);

const files = CONSOLE_FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
const consoleBytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).byteLength, 0);
const kb = (count: number) => `${(count / 1_000).toFixed(1)} KB`;
console.log(`The console has ${kb(consoleBytes)} gzip. The bound is ${kb(MAX_CONSOLE_GZIP_BYTES)} gzip.`);

// Wrangler adds the name of the source map.
const isTested =
  (await bundle(readEntryFile(POSTERN))) === script.replace(/\/\/# sourceMappingURL=\S+\s*$/, "");
if (!isTested) console.log("dev/bundle.ts makes another bundle than wrangler, and the tests serve that one.");

const isTooLarge = gzipBytes > MAX_GZIP_BYTES || consoleBytes > MAX_CONSOLE_GZIP_BYTES;
process.exit(isTooLarge || !isTested ? 1 : 0);
