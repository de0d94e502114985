/** `npm run costs`: writes the tables of docs/costs.md anew, after a change of the prices, the loads or the formula. */
import { readFileSync, writeFileSync } from "node:fs";
import { withCostTables } from "./costs-page.ts";

const PAGE = "docs/costs.md";

writeFileSync(PAGE, withCostTables(readFileSync(PAGE, "utf8")));
