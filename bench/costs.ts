/** `npm run costs`: writes the tables of docs/costs.md anew, after a change of the prices, the loads or the formula. */
import { readFileSync, writeFileSync } from "node:fs";
import { readOptions } from "../dev/command-line.ts";
import { withCostTables } from "./costs-page.ts";

const PAGE = "docs/costs.md";

readOptions({
  usage: `Usage: npm run costs

Writes the tables of ${PAGE} anew, from the prices, the loads and the
formula. Takes a moment.`,
  options: {},
});
const page = readFileSync(PAGE, "utf8");
const written = withCostTables(page);
writeFileSync(PAGE, written);
console.log(written === page ? `${PAGE} is up to date.` : `Wrote the tables of ${PAGE}.`);
