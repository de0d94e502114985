/**
 * `npm run scale`: simulates a deployment of up to 10,000 isolates in 300 locations (`docs/scale.md`), prints its tables,
 * and draws its plots into `docs/images/`. Takes some minutes. Nothing in it depends on how fast the machine is.
 */
import { writeFileSync } from "node:fs";
import type { Limit } from "../../src/limits/bucket.ts";
import { simulate } from "../../test/simulation/limited-world.ts";
import { callsByChance, createUniform } from "../../test/simulation/load.ts";
import { percentile } from "../percentile.ts";
import { plotOf } from "../plot.ts";
import { printTable } from "../print-table.ts";
import { type ScaleOutcome, simulateDeployment } from "./deployment.ts";
import type { Tier } from "./scaled-isolate.ts";

const RATE_PER_ISOLATE = 2;
const LIMITED_SECONDS = 20;
/** So few isolates start a second that no object is overloaded by first calls, unless all start at once. */
const STARTS_PER_SECOND = 400;

interface Design {
  readonly name: string;
  readonly leaseSeconds: number;
  readonly relaysPerRegion: number;
  /** Measured. */
  readonly seconds: number;
}

const SHORT_LEASE = { name: "today, leases of 5 s", leaseSeconds: 5, relaysPerRegion: 0, seconds: 15 };
const LONG_LEASE = { name: "today, leases of 30 s", leaseSeconds: 30, relaysPerRegion: 0, seconds: 40 };
const RELAYS = { name: "33 relays, leases of 5 s", leaseSeconds: 5, relaysPerRegion: 3, seconds: 15 };
const DESIGNS: readonly Design[] = [SHORT_LEASE, LONG_LEASE, RELAYS];

interface Run extends ScaleOutcome {
  readonly design: Design;
  readonly isolates: number;
}

async function run(design: Design, isolates: number, startSeconds: number): Promise<Run> {
  process.stderr.write(`${design.name}: ${isolates} isolates\n`);
  const setting = { seed: 1, isolates, ratePerIsolate: RATE_PER_ISOLATE, hotKeyShare: 0.5, startSeconds };
  return { ...(await simulateDeployment({ ...setting, ...design })), design, isolates };
}

const runs: Run[] = [];
for (const [design, counts] of [
  [SHORT_LEASE, [1_000, 2_000, 2_500, 3_000, 5_000]],
  [LONG_LEASE, [1_000, 3_000, 5_000, 10_000]],
  [RELAYS, [1_000, 3_000, 5_000, 10_000]],
] as const) {
  for (const isolates of counts) runs.push(await run(design, isolates, isolates / STARTS_PER_SECOND));
}
const startedAtOnce: Run[] = [];
for (const [design, counts] of [
  [SHORT_LEASE, [1_000, 2_000, 2_500, 3_000]],
  [LONG_LEASE, [2_000, 2_500, 5_000]],
  [RELAYS, [5_000, 10_000]],
] as const) {
  for (const isolates of counts) startedAtOnce.push(await run({ ...design, seconds: 15 }, isolates, 0));
}
/** Long enough to see an overload end. */
const recovered: Run[] = [];
for (const [design, counts] of [
  [SHORT_LEASE, [2_900, 3_000]],
  [LONG_LEASE, [5_000, 10_000]],
] as const) {
  for (const isolates of counts) recovered.push(await run({ ...design, seconds: 60 }, isolates, 0));
}
printLoads("Started one after the other: isolates", runs);
printLoads("Started at once: isolates", startedAtOnce);
printLoads("Started at once, over a minute: isolates", recovered);
printTiers();
printLimitedKey();
drawPlots();

function printLoads(head: string, all: readonly Run[]): void {
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  printTable(
    [head, "Directory/s", "failed %", "hot key/s", "failed %", "relay/s", "admin ms", "purge s", "revoked s"],
    all.map(({ design, isolates, directory, hotKey, relay, ...rest }) => [
      `${design.name}: ${isolates.toLocaleString("en")}`,
      directory.callsPerSecond.toFixed(0),
      (directory.failedShare * 100).toFixed(0),
      hotKey.callsPerSecond.toFixed(0),
      (hotKey.failedShare * 100).toFixed(0),
      relay === null ? "" : relay.callsPerSecond.toFixed(0),
      rest.changeCallMs.toFixed(0),
      seconds(rest.purgeBoundMs),
      seconds(rest.revocationBoundMs),
    ]),
  );
}

function printTiers(): void {
  const tiers: readonly Tier[] = ["memory", "memory, after a wait", "KV", "KV, cold", "miss"];
  const shown = runs.filter(({ isolates }) => [1_000, 3_000, 10_000].includes(isolates));
  printTable(
    ["Design, isolates, tier", "answers %", "p50 ms", "p95", "p99", "p99.9"],
    shown.flatMap(({ design, isolates, answers }) =>
      tiers.map((tier) => {
        const ms = answers.filter((one) => one.tier === tier).map((one) => one.ms);
        return [
          `${design.name}: ${isolates.toLocaleString("en")}, ${tier}`,
          ((ms.length / answers.length) * 100).toFixed(1),
          ...[0.5, 0.95, 0.99, 0.999].map((share) => percentile(ms, share).toFixed(1)),
        ];
      }),
    ),
  );
}

/** A key with a limit: its object grants tokens, too. Here, the product's own token pools and ledger decide. */
function printLimitedKey(): void {
  const rows = [1, 8, 64, 256, 512].map((isolates) => {
    const limit: Limit = { limit: isolates * RATE_PER_ISOLATE * 120, period_seconds: 60 };
    const weights = Array.from({ length: isolates }, () => 1);
    const calls = callsByChance(createUniform(1), isolates * RATE_PER_ISOLATE, LIMITED_SECONDS, weights);
    const { objectCalls, admitted } = simulate({ seed: 1, limit, isolates, delayMs: [5, 120], calls });
    const perSecond = objectCalls / LIMITED_SECONDS;
    return [
      isolates.toLocaleString("en"),
      perSecond.toFixed(0),
      (perSecond / isolates).toFixed(2),
      (objectCalls / admitted.length).toFixed(2),
    ];
  });
  printTable(["A limited key: isolates", "object calls/s", "of an isolate", "a request"], rows);
}

function drawPlots(): void {
  const lines = (figureOf: (run: Run) => number) =>
    DESIGNS.map((design) => ({
      name: design.name,
      points: runs
        .filter((one) => one.design === design)
        .map((run) => [run.isolates, figureOf(run)] as const),
    }));
  const load = plotOf(
    lines(({ directory }) => directory.callsPerSecond),
    { title: "Load on the Directory", x: "isolates, 2 requests a second each", y: "calls a second" },
    4_000,
    { y: 1_000, name: "an object's limit" },
  );
  const bound = plotOf(
    lines(({ purgeBoundMs }) => purgeBoundMs / 1_000),
    {
      title: "A purge is in force everywhere",
      x: "isolates, 2 requests a second each",
      y: "seconds after the answer",
    },
    30,
  );
  writeFileSync("docs/images/scale-load.svg", load);
  writeFileSync("docs/images/scale-purge.svg", bound);
}
