/**
 * Random sequences of reads, changes, failures, purges, evictions, KV faults and time, against what may be answered
 * (`support/model-rules.ts`):
 *
 *   - no answer is older than the windows allow, and none is past its stale window unless Stytch failed;
 *   - nothing whose upstream request began before a purge is answered LEASE_SECONDS after it;
 *   - no organization is answered under an identifier that it never had, or that moved or ended a lease ago;
 *   - the headers tell the true age;
 *   - a 404 is answered only if Stytch said so a moment ago;
 *   - an error is answered only if Stytch failed for this very read, or the circuit was open, and only if the isolate
 *     has no older answer to hide it.
 *
 * The seed is in the title. MODEL_RUNS=300 makes 300 runs with a new seed, MODEL_SEED repeats one, and MODEL_PATH goes
 * straight to the run of it that a failure names; npm test makes 20 runs with a fixed seed. A failure shows the steps of
 * its run; with MODEL_SHRINK=1 it is shrunk first, which takes minutes.
 */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { runSteps, sequences } from "../support/model-steps.ts";

const given = env as unknown as Partial<
  Record<"MODEL_RUNS" | "MODEL_SEED" | "MODEL_PATH" | "MODEL_SHRINK", string>
>;
const RUNS = Number(given.MODEL_RUNS ?? 20);
/** npm test runs the same sequences each time, so that a failure is due to a change. */
const FIXED_SEED = 1_230_201_453;
const randomSeed = () => Math.trunc(Math.random() * 2 ** 31);
const SEED = Number(given.MODEL_SEED ?? (given.MODEL_RUNS === undefined ? FIXED_SEED : randomSeed()));

useClock();

test(`every answer may be given (MODEL_SEED=${SEED}, ${RUNS} runs)`, {
  timeout: 60_000 + RUNS * 10_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async (steps) => void (await runSteps(steps))),
    {
      seed: SEED,
      numRuns: RUNS,
      ...(given.MODEL_PATH === undefined ? {} : { path: given.MODEL_PATH }),
      endOnFailure: given.MODEL_SHRINK === undefined,
    },
  );
  expect(RUNS).toBeGreaterThan(0);
});
