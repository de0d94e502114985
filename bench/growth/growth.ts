/**
 * `npm run growth`: what a hit, the Directory and a limit take with few and with many of what there is
 * (`docs/performance.md`). Takes about three minutes. Prints tables in Markdown, puts them into the document, and draws
 * `docs/images/growth.svg`. `-- --smoke` does everything once and briefly, and only prints; its figures mean nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "../../dev/build.ts";
import { readOptions } from "../../dev/command-line.ts";
import { replaceBetween } from "../../dev/markdown.ts";
import { PROCESSORS, pin } from "../processors.ts";
import { POSTERN } from "../settings.ts";
import { measureDirectory } from "./directory.ts";
import { measureHits } from "./hits.ts";
import { ISOLATES, type LoadName, measureLimit } from "./limits.ts";
import { pictureOf } from "./picture.ts";
import { type GrowthResults, tablesOf } from "./report.ts";

// workerd must not call Cloudflare.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const PAGE = "docs/performance.md";
const PICTURE = "docs/images/growth.svg";

const TITLES: Readonly<Record<string, string>> = {
  hits: "Hits",
  purges: "The purge list",
  directory: "The Directory",
  limits: "One limit, shared by isolates",
  growth: "How the figures grow",
};

const FULL = {
  hits: { starts: 2, rounds: 4, requests: 10_000 },
  minCpuMs: 100,
  limits: { seconds: 60, runs: 3 },
};
const SMOKE = { hits: { starts: 1, rounds: 1, requests: 100 }, minCpuMs: 0, limits: { seconds: 2, runs: 1 } };

const options = readOptions({
  usage: `Usage: npm run growth -- [--smoke]

Measures what a hit, the Directory and a limit take with few and with many of
what there is. Takes about three minutes. Writes the tables of
docs/performance.md anew, and draws docs/images/growth.svg.

Options:
  --smoke  everything once and briefly, and only prints: the figures mean
           nothing`,
  options: { smoke: { type: "boolean", default: false } },
});
const size = options.smoke ? SMOKE : FULL;
const progress = (text: string) => process.stderr.write(`${text}\n`);

progress("one limit and up to 512 isolates");
const limitsAt = (load: LoadName) => ISOLATES.map((isolates) => measureLimit(load, isolates, size.limits));
const limits = { below: limitsAt("below"), at: limitsAt("at"), above: limitsAt("above") };
progress("building");
const built = await build(POSTERN, "bench/counted/growing.ts");
if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
progress("the Directory with up to 10,000 keys");
const directory = await measureDirectory(built, size.minCpuMs);
progress("hits with up to 10,000 organizations and keys");
const hits = await measureHits(built, size.hits);

const results: GrowthResults = { hits, directory, limits };
const tables = tablesOf(results);
if (options.smoke) console.log("A smoke run: the figures mean nothing.\n");
for (const [name, table] of Object.entries(tables)) console.log(`${TITLES[name]}:\n\n${table}`);
if (!options.smoke) {
  writeFileSync(PICTURE, pictureOf(results));
  const page = Object.entries(tables).reduce(
    (text, [name, table]) =>
      replaceBetween(text, `<!-- \`npm run growth\` writes: ${name} -->\n`, `<!-- end: ${name} -->\n`, table),
    readFileSync(PAGE, "utf8"),
  );
  writeFileSync(PAGE, page);
  progress(`wrote ${PAGE} and ${PICTURE}`);
}
process.exit(0);
