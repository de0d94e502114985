/** `npm run check:size`: fails if the deployed bundle is larger than its bound. */
import { build } from "../dev/build.ts";
import { POSTERN } from "./settings.ts";

/** A new isolate reads the whole bundle before its first answer. Cloudflare allows 3 MB, gzip, on its free plan. */
const MAX_GZIP_BYTES = 120 * 1_024;

const { bytes, gzipBytes } = await build(POSTERN);
const kib = (count: number) => `${(count / 1_024).toFixed(0)} KiB`;
console.log(
  `The Worker has ${kib(bytes)}, ${kib(gzipBytes)} gzip. The bound is ${kib(MAX_GZIP_BYTES)} gzip.`,
);
process.exit(gzipBytes > MAX_GZIP_BYTES ? 1 : 0);
