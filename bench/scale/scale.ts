/**
 * `npm run scale`: simulates a deployment of up to 10,000 isolates in 300 locations, prints tables in Markdown, puts them
 * into `docs/scale.md`, and draws its pictures. Takes some minutes. Nothing in it depends on how fast the machine is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { readOptions } from "../../dev/command-line.ts";
import { replaceBetween } from "../../dev/markdown.ts";
import type { Limit } from "../../src/limits/bucket.ts";
import { simulate } from "../../test/simulation/limited-world.ts";
import { callsByChance, createUniform } from "../../test/simulation/load.ts";
import { simulateDeployment } from "./deployment.ts";
import {
  type Design,
  type LimitedKey,
  limitedTable,
  loadPicture,
  loadsTable,
  purgePicture,
  RATE_PER_ISOLATE,
  type Run,
  tierLatencies,
  tiersTable,
} from "./report.ts";

const PAGE = "docs/scale.md";

readOptions({
  usage: `Usage: npm run scale

Simulates a deployment of up to 10,000 isolates in 300 locations. Takes five to
ten minutes. Writes the tables of ${PAGE} anew, and draws
docs/images/scale-load.svg and scale-purge.svg.

In the tables, "today" is Postern as it is, with one Directory. Relays are a
design of ${PAGE} that is not built.`,
  options: {},
});

const WARM_UP_SECONDS = 8;
const LIMITED_SECONDS = 20;
/** So few isolates start a second that no object is overloaded by first calls, unless all start at once. */
const STARTS_PER_SECOND = 400;
/** Long enough to see an overload end. */
const AFTER_DEPLOYMENT_SECONDS = 60;

const SHORT_LEASE = { name: "today, leases of 5 s", leaseSeconds: 5, relaysPerRegion: 0, seconds: 15 };
/** The change comes after a third, which leaves more than a lease to see it in force. */
const LONG_LEASE = { name: "today, leases of 30 s", leaseSeconds: 30, relaysPerRegion: 0, seconds: 60 };
const RELAYS = { name: "33 relays, leases of 5 s", leaseSeconds: 5, relaysPerRegion: 3, seconds: 15 };

const STARTED_IN_TURN = [
  [SHORT_LEASE, [1_000, 2_000, 2_500, 3_000, 5_000]],
  [LONG_LEASE, [1_000, 3_000, 5_000, 10_000]],
  [RELAYS, [1_000, 3_000, 5_000, 10_000]],
] as const;
const STARTED_AT_ONCE = [
  [SHORT_LEASE, [1_000, 2_000, 2_500, 2_900, 3_000]],
  [LONG_LEASE, [2_000, 2_500, 5_000, 10_000]],
  [RELAYS, [10_000]],
] as const;
/** The runs whose latencies are shown. */
const SHOWN = [
  [SHORT_LEASE, 3_000],
  [LONG_LEASE, 10_000],
  [RELAYS, 10_000],
] as const;

const runCount = [...STARTED_IN_TURN, ...STARTED_AT_ONCE].reduce((sum, [, counts]) => sum + counts.length, 0);
let runsBegun = 0;

async function run(design: Design, isolates: number, startSeconds: number): Promise<Run> {
  runsBegun += 1;
  const start = startSeconds === 0 ? "started at once" : "started in turn";
  process.stderr.write(
    `${runsBegun} of ${runCount}: ${start}, ${design.name}, ${isolates.toLocaleString("en")} isolates\n`,
  );
  const load = { isolates, ratePerIsolate: RATE_PER_ISOLATE, hotKeyShare: 0.5 };
  const setting = { seed: 1, ...load, startSeconds, warmUpSeconds: WARM_UP_SECONDS };
  // A million answers are not kept for the next run.
  const { answers, ...outcome } = await simulateDeployment({ ...setting, ...design });
  return { ...outcome, design, isolates, tiers: tierLatencies(answers) };
}

/** A key with a limit: its object grants tokens, too. Here, the product's own token pools and ledger decide. */
function limitedKey(isolates: number): LimitedKey {
  const limit: Limit = { limit: isolates * RATE_PER_ISOLATE * 120, period_seconds: 60 };
  const weights = Array.from({ length: isolates }, () => 1);
  const calls = callsByChance(createUniform(1), isolates * RATE_PER_ISOLATE, LIMITED_SECONDS, weights);
  const { objectCalls, admitted } = simulate({ seed: 1, limit, isolates, delayMs: [5, 120], calls });
  return {
    isolates,
    objectCallsPerSecond: objectCalls / LIMITED_SECONDS,
    objectCallsPerRequest: objectCalls / admitted.length,
  };
}

const inTurn: Run[] = [];
for (const [design, counts] of STARTED_IN_TURN) {
  for (const isolates of counts) inTurn.push(await run(design, isolates, isolates / STARTS_PER_SECOND));
}
const atOnce: Run[] = [];
for (const [design, counts] of STARTED_AT_ONCE) {
  const measured = { ...design, seconds: AFTER_DEPLOYMENT_SECONDS };
  for (const isolates of counts) atOnce.push(await run(measured, isolates, 0));
}
const shown = SHOWN.flatMap(([design, isolates]) =>
  inTurn.filter((one) => one.design === design && one.isolates === isolates),
);
/** By the name between the markers in the document. */
const tables = {
  loads: loadsTable("Isolates, started in turn", inTurn),
  deployment: loadsTable("Isolates, all started at once", atOnce),
  limited: limitedTable([1, 8, 64, 256, 512].map(limitedKey)),
  tiers: tiersTable(shown),
};
let page = readFileSync(PAGE, "utf8");
for (const [name, table] of Object.entries(tables)) {
  console.log(table);
  page = replaceBetween(
    page,
    `<!-- \`npm run scale\` writes: ${name} -->\n`,
    `<!-- end: ${name} -->\n`,
    table,
  );
}
writeFileSync(PAGE, page);
writeFileSync("docs/images/scale-load.svg", loadPicture(inTurn, SHORT_LEASE));
writeFileSync("docs/images/scale-purge.svg", purgePicture(inTurn));
process.stderr.write(`wrote ${PAGE}, docs/images/scale-load.svg and docs/images/scale-purge.svg\n`);
