/**
 * `npm run bench`: measures the speed of a hit and the cost of requests, and compares both with peers
 * (`docs/performance.md`). Takes about ten minutes. Prints tables; `--json` adds one document in the last line.
 * `--smoke` runs everything once with few requests, to see that it works, and judges no bar.
 */

import { build } from "../dev/build.ts";
import { readOptions } from "../dev/command-line.ts";
import { dollarsPerMillion } from "../src/metrics/prices.ts";
import { BENCH } from "./commands.ts";
import { costAt, countBurst, SPARSE } from "./cost-table.ts";
import { type Count, startCountedWorker } from "./counted-worker.ts";
import { cpuOf, type Measured, measure, requestsOf, type Spread } from "./measure.ts";
import { type Latency, measureMissLatency } from "./miss-latency.ts";
import { BUSY, countMix } from "./mixed-load.ts";
import { PROCESSORS } from "./processors.ts";
import { isMet, ratiosOf, round } from "./ratios.ts";
import {
  type Counts,
  printBundle,
  printDollars,
  printMisses,
  printOperations,
  printRatios,
  printScenarios,
} from "./report.ts";
import { countKinds } from "./request-kinds.ts";
import { FULL, SMOKE } from "./run-size.ts";
import { ASSEMBLED, BARE, BARE_DIRECT, BARE_KV, POSTERN, SANDBOX } from "./settings.ts";

// workerd must not call Cloudflare.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const options = readOptions(BENCH);
const size = options.smoke ? SMOKE : FULL;
const progress = (text: string) => process.stderr.write(`${text}\n`);

progress("building");
const builds = {
  postern: await build(POSTERN),
  sandbox: await build(SANDBOX),
  assembled: await build(ASSEMBLED),
  bare: await build(BARE),
  bareKv: await build(BARE_KV),
};
const { measured, startMs } = await measure(builds, size, progress);
progress("measuring how long a miss takes");
const misses = await measureMissLatency({ ...builds, bareDirect: await build(BARE_DIRECT) }, size.misses);
const counts = {
  postern: await countAll(POSTERN, "bench/counted/postern.ts", true),
  assembled: await countAll(ASSEMBLED, "bench/counted/assembled.ts", false),
};

/** CPU time of a hit, since most of the mix are hits. Unknown CPU time counts as 0: it is a hundredth of the price. */
const hitCpuMs = (scenario: string) => {
  const one = measured[scenario];
  return (one === undefined ? 0 : (cpuOf(one)?.median ?? 0)) / 1_000;
};
const { postern, assembled } = counts;
const dollars = {
  postern: dollarsPerMillion(postern.mix, postern.mix.requests, hitCpuMs("hit_1000"), true),
  assembled: dollarsPerMillion(assembled.mix, assembled.mix.requests, hitCpuMs("assembled_1000"), false),
};
progress("counting sparse traffic and a burst");
const counted = {
  postern: await build(POSTERN, "bench/counted/postern.ts"),
  assembled: await build(ASSEMBLED, "bench/counted/assembled.ts"),
};
const sparse = {
  postern: await costAt(POSTERN, counted.postern, SPARSE, size.mixSeconds, true),
  assembled: await costAt(ASSEMBLED, counted.assembled, SPARSE, size.mixSeconds, false),
};
const burstLeaseQuestions = await countBurst(POSTERN, counted.postern);
const ratios = ratiosOf(measured, dollars, {
  sparse_cost_vs_assembled: sparse.postern.dollars / sparse.assembled.dollars,
  burst_lease_questions: burstLeaseQuestions,
  miss_ms_over_direct: misses.missMs.median - misses.directMs.median,
  miss_ms_over_direct_after_kv: misses.missMs.median - misses.directAfterKvMs.median,
  miss_ms_over_direct_in_object: misses.missMs.median - misses.directInObjectMs.median,
  first_miss_ms_over_direct: misses.firstMissMs.median - misses.directMs.median,
});

if (options.smoke) progress("a smoke run: the figures mean nothing");
printScenarios(measured);
printMisses(misses);
printOperations({ Postern: counts.postern, assembled: counts.assembled });
printDollars(dollars);
printBundle(builds.postern, startMs);
printRatios(ratios, !options.smoke);
if (options.json) console.log(JSON.stringify(toJson()));
process.exit(0);

async function countAll(config: string, entry: string, isPostern: boolean): Promise<Counts> {
  progress(`counting the operations of ${entry}`);
  const built = await build(config, entry);
  const kindsWorker = await startCountedWorker(config, built);
  const byKind = await countKinds(kindsWorker, isPostern, size.countedRequests);
  await kindsWorker.stop();
  const mixWorker = await startCountedWorker(config, built);
  const mix = await countMix(mixWorker, BUSY, size.mixSeconds);
  await mixWorker.stop();
  return { byKind, mix };
}

function toJson() {
  return {
    // With the earlier names of two.
    ratios: {
      ...ratios,
      session_vs_key: ratios["hit_session_vs_hit"],
      cors_vs_hit: ratios["hit_cors_vs_hit"],
    },
    bars_met: options.smoke ? null : barsMet(),
    requests_per_second: spreads((one) => requestsOf(one), 0),
    miss_ms: Object.fromEntries(
      Object.entries(misses).map(([name, { median, p90 }]: [string, Latency]) => [
        name,
        { median: round(median, 2), p90: round(p90, 2) },
      ]),
    ),
    cpu_us_per_request: spreads((one) => cpuOf(one), 1),
    operations_per_request: {
      postern: operationsPerRequest(counts.postern),
      assembled: operationsPerRequest(counts.assembled),
    },
    dollars_per_million: { postern: round(dollars.postern, 3), assembled: round(dollars.assembled, 3) },
    bundle: { bytes: builds.postern.bytes, gzip_bytes: builds.postern.gzipBytes },
    start_ms: roundSpread(startMs, 0),
    processors: PROCESSORS,
  };
}

function barsMet() {
  return Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, isMet(name, value)]));
}

function operationsPerRequest({ byKind, mix }: Counts) {
  const perRequest = ({ requests, ...operations }: Count) =>
    Object.fromEntries(Object.entries(operations).map(([name, count]) => [name, round(count / requests, 4)]));
  return {
    ...Object.fromEntries(Object.entries(byKind).map(([kind, count]) => [kind, perRequest(count)])),
    mix: perRequest(mix),
  };
}

/** By scenario. */
function spreads(spreadOf: (one: Measured) => Spread | null, digits: number) {
  return Object.fromEntries(
    Object.entries(measured).map(([name, one]) => {
      const spread = spreadOf(one);
      return [name, spread === null ? null : roundSpread(spread, digits)];
    }),
  );
}

function roundSpread({ median, least, most }: Spread, digits: number) {
  return { median: round(median, digits), least: round(least, digits), most: round(most, digits) };
}
