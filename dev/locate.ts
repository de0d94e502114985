/** `npm run locate`: where in the source the `defect` of a log line happened. Run it in a clone of the deployed version. */
import { text } from "node:stream/consumers";
import { build, POSTERN_CONFIG } from "./build.ts";
import { locate } from "./source-places.ts";

const [...words] = process.argv.slice(2);
const usage = 'Usage: npm run locate -- "<the defect of a log line>"';
if (words[0] === "--help") {
  console.log(usage);
  process.exit(0);
}
if (words.length === 0 && process.stdin.isTTY) {
  console.error(usage);
  process.exit(1);
}
const defect = words.length > 0 ? words.join(" ") : await text(process.stdin);
const { sourceMap } = await build(POSTERN_CONFIG);
if (sourceMap === null)
  throw new Error("The build has no source map: see upload_source_maps in wrangler.toml.");
console.log(locate(defect, sourceMap).replaceAll(" at ", "\n  at "));
