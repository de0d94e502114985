/** Measures the CPU time of a hit against a bare Worker, without the other scenarios of the bench. */

import { runLoad } from "./load.ts";
import type { Measured } from "./measure.ts";
import { measureRound, ratio } from "./measure.ts";
import { PROCESSORS, pin } from "./processors.ts";
import { startWorker } from "./running-worker.ts";
import { bareScenario, hitScenario } from "./scenarios.ts";
import { BARE, createKey, POSTERN, PROJECT, SANDBOX, varsOf } from "./settings.ts";
import { type Builds, fillBareWorker, MEASURED_VARS } from "./stage.ts";

const ROUNDS = 5;
/** How many each Worker has in a round. */
const REQUESTS = 12_000;
const TURNS = 6;

/**
 * Starts both Workers, and returns the median over rounds of the hit's CPU time divided by the bare Worker's; null if the
 * platform does not report CPU time. Pins this process to the load's processor.
 */
export async function measureHitCpuRatio({
  postern,
  sandbox,
  bare,
}: Pick<Builds, "postern" | "sandbox" | "bare">): Promise<number | null> {
  if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
  const stytch = await startWorker(SANDBOX, sandbox, PROJECT, PROCESSORS?.load);
  const vars = varsOf(stytch.url, { ...MEASURED_VARS, CACHE_MEMORY_SECONDS: "60" });
  const proxy = await startWorker(POSTERN, postern, vars, PROCESSORS?.measured);
  const bareWorker = await startWorker(BARE, bare, {}, PROCESSORS?.measured);
  const key = await createKey(proxy.url, { name: "all", scopes: ["organizations:read"] });
  await fillBareWorker(proxy, key, bareWorker);
  const scenarios = [bareScenario(bareWorker, key), hitScenario(proxy, key)].map((scenario) => ({
    ...scenario,
    requests: REQUESTS,
  }));
  // This also lets V8 compile what is hot.
  for (const { load } of scenarios) await runLoad(load, REQUESTS, false);
  const measured: Record<string, Measured> = {};
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [{ name, label }, one] of await measureRound(scenarios, [], TURNS)) {
      measured[name] = { label, rounds: [...(measured[name]?.rounds ?? []), one] };
    }
  }
  for (const worker of [bareWorker, proxy, stytch]) await worker.stop();
  return ratio(measured, "hit", "bare", "cpuUs");
}
