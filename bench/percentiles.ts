/**
 * `npm run percentiles`: latencies by tier, at half and at nine tenths of what each Worker can answer, in an open loop
 * (`docs/performance.md`). Takes about six minutes. Prints a table in Markdown and draws `docs/images/percentiles.svg`.
 * `-- --seconds 40` measures each row for up to so long, so that more of them have a p99.9; `-- --json` adds one line
 * of JSON. `-- --smoke` runs everything for a moment, to see that it works, and draws nothing.
 */
import { writeFileSync } from "node:fs";
import { build } from "../dev/build.ts";
import { readOptions } from "../dev/command-line.ts";
import { PERCENTILES } from "./commands.ts";
import { createClock, createLoadSender, measureCapacity } from "./load-sender.ts";
import { runOpenLoop, type Send } from "./open-loop.ts";
import { percentilePlotOf } from "./percentile-plot.ts";
import { PROCESSORS, pin } from "./processors.ts";
import { ASSEMBLED, BARE, BARE_DIRECT, BARE_KV, POSTERN, SANDBOX } from "./settings.ts";
import { type Run, type TierLatency, tierLatencyOf, tierTableOf } from "./tier-latency.ts";
import { startTiers, type Tier } from "./tiers.ts";

// workerd must not call Cloudflare.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const options = readOptions(PERCENTILES);

const PLOT = "docs/images/percentiles.svg";
/**
 * The rates, as shares of the capacity. The highest comes right after the capacity is measured, since the machine is
 * fast at one moment and slow at the next.
 */
const SHARES = [0.9, 0.5] as const;
/** For the same reason, the answerers of a tier take turns. */
const ROUNDS = options.smoke ? 1 : 3;
/** For each load, over all rounds. A p99.9 takes 10,000. */
const ENOUGH_SAMPLES = 11_000;
/** In seconds, for each round. Enough hits for several garbage collections are sent even in the shortest run. */
const SIZE = options.smoke
  ? { fill: 0, capacity: 0.1, warmUp: 0.1, min: 0.3, max: 0.3 }
  : { fill: 1, capacity: 1, warmUp: 0.3, min: 2, max: Number(options.seconds) / ROUNDS };

const startedAt = performance.now();
const elapsed = () => `${((performance.now() - startedAt) / 1_000).toFixed(0)} s`;
const progress = (text: string) => process.stderr.write(`${elapsed()}: ${text}\n`);

progress("building and starting the Workers");
const { tiers, stop } = await startTiers({
  postern: await build(POSTERN),
  sandbox: await build(SANDBOX),
  assembled: await build(ASSEMBLED),
  bare: await build(BARE),
  bareKv: await build(BARE_KV),
  bareDirect: await build(BARE_DIRECT),
});
if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
const measured: TierLatency[] = [];
for (const group of Object.values(Object.groupBy(tiers, ({ name }) => name)))
  measured.push(...(await measureTier(group ?? [])));
await stop();
progress("done");

console.log(tierTableOf(measured));
if (options.smoke) progress("a smoke run: the figures mean nothing");
else writeFileSync(PLOT, percentilePlotOf(measured));
if (options.json) console.log(JSON.stringify(measured));
process.exit(0);

/** `answerers`: the tier as each of them has it. */
async function measureTier(answerers: readonly Tier[]): Promise<TierLatency[]> {
  const subjects = answerers.map((tier) => ({
    tier,
    ...createLoadSender(tier.load),
    loads: SHARES.map((share) => ({ share, runs: [] as Run[] })),
  }));
  for (const { tier, send } of subjects) {
    progress(`${tier.name}, ${tier.answerer}`);
    // The first requests fill the cache, and let V8 compile what is hot.
    const requests = options.smoke ? 0 : tier.load.paths.length;
    await measureCapacity(send, { callers: tier.callers, requests, seconds: SIZE.fill });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { tier, send, loads } of subjects) {
      const capacity = await measureCapacity(send, {
        callers: tier.callers,
        requests: tier.callers,
        seconds: SIZE.capacity,
      });
      for (const { share, runs } of loads) runs.push(await runAt(capacity * share, tier, send));
    }
  }
  for (const { close } of subjects) await close();
  return subjects.flatMap(({ tier: { name, answerer }, loads }) =>
    loads.toReversed().map(({ share, runs }) => tierLatencyOf({ tier: name, answerer, share }, runs)),
  );
}

async function runAt(requestsPerSecond: number, tier: Tier, send: Send): Promise<Run> {
  const seconds = Math.max(SIZE.min, Math.min(SIZE.max, ENOUGH_SAMPLES / ROUNDS / requestsPerSecond));
  const schedule = { requestsPerSecond, seconds, warmUpSeconds: SIZE.warmUp };
  const outcome = await runOpenLoop(send, schedule, createClock(tier.callsStytch));
  const answers = outcome.latencies.length + outcome.others;
  // A smoke run fills no cache.
  if (outcome.others > answers * (1 - tier.minShare) && !options.smoke)
    throw new Error(
      `${tier.name}, ${tier.answerer}: ${outcome.others} of ${answers} answers are of another tier`,
    );
  return { requestsPerSecond, outcome };
}
