/**
 * `npm run bench:cost`: counts the operations of the mixed load at every rate, and computes what it costs beside what was
 * assembled (`docs/performance.md`). Takes a few minutes. It measures no time, so the machine may be busy. `--sparse`
 * counts only the rate of the ratio, `--seconds` is the length of the load (60) and of its warm-up.
 */

import { build } from "../dev/build.ts";
import { readOptions } from "../dev/command-line.ts";
import { BENCH_COST } from "./commands.ts";
import { costAt, countBurst, RATES, SPARSE } from "./cost-table.ts";
import { printCosts } from "./report.ts";
import { ASSEMBLED, POSTERN } from "./settings.ts";

process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const options = readOptions(BENCH_COST);
const postern = await build(POSTERN, "bench/counted/postern.ts");
const assembled = await build(ASSEMBLED, "bench/counted/assembled.ts");
const seconds = Number(options.seconds);
const rows = [];
for (const rate of options.sparse ? [SPARSE] : RATES) {
  process.stderr.write(
    `counting ${rate.requestsPerSecond.toFixed(3)} requests/s over ${rate.isolates} isolates\n`,
  );
  rows.push({
    postern: await costAt(POSTERN, postern, rate, seconds, true),
    assembled: await costAt(ASSEMBLED, assembled, rate, seconds, false),
  });
}
printCosts(rows, await countBurst(POSTERN, postern));
process.exit(0);
