/**
 * `npm run bench:cost`: counts the operations of the mixed load at every rate, and computes what it costs beside what was
 * assembled (`docs/performance.md`). Takes a few minutes. It measures no time, so the machine may be busy. `--sparse`
 * counts only the rate of the ratio.
 */
import { parseArgs } from "node:util";
import { build } from "../dev/build.ts";
import { costAt, countBurst, RATES, SPARSE } from "./cost-table.ts";
import { printCosts } from "./report.ts";
import { ASSEMBLED, POSTERN } from "./settings.ts";

process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const { values: options } = parseArgs({ options: { sparse: { type: "boolean", default: false } } });
const postern = await build(POSTERN, "bench/counted/postern.ts");
const assembled = await build(ASSEMBLED, "bench/counted/assembled.ts");
const rows = [];
for (const rate of options.sparse ? [SPARSE] : RATES) {
  rows.push({
    postern: await costAt(POSTERN, postern, rate, 60, true),
    assembled: await costAt(ASSEMBLED, assembled, rate, 60, false),
  });
}
printCosts(rows, await countBurst(POSTERN, postern));
process.exit(0);
