/** `npm run check:size`: fails where what is deployed has grown past its bound. */
import { build } from "./build.ts";
import { POSTERN } from "./settings.ts";

/** An isolate that begins reads all of it first; Cloudflare itself allows 3 MB, gzip, on its free plan. */
const MOST_GZIP_BYTES = 200 * 1_024;

const { bytes, gzipBytes } = build(POSTERN);
const kib = (count: number) => `${(count / 1_024).toFixed(0)} KiB`;
console.log(`The Worker: ${kib(bytes)}, ${kib(gzipBytes)} gzip, of ${kib(MOST_GZIP_BYTES)} at most.`);
process.exit(gzipBytes > MOST_GZIP_BYTES ? 1 : 0);
