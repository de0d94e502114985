/**
 * Random sequences of reads, changes, failures, purges, evictions, KV faults and time, against what may be answered
 * (`support/model-rules.ts`):
 *
 *   - no answer is older than the windows allow, and none is past its stale window unless Stytch failed;
 *   - nothing whose upstream request began before a purge is answered LEASE_SECONDS after it;
 *   - no organization is answered under an identifier that it never had, or that moved or ended a lease ago;
 *   - the headers tell the true age;
 *   - a 404 is answered only if Stytch said so a moment ago, and an error only if Stytch failed.
 *
 * The seed is in the title. MODEL_RUNS=300 makes 300 runs with a new seed, MODEL_SEED repeats one; npm test makes 12
 * runs with a fixed seed.
 */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { World } from "../support/model-harness.ts";

const given = env as unknown as { MODEL_RUNS?: string; MODEL_SEED?: string };
const RUNS = Number(given.MODEL_RUNS ?? 12);
/** npm test runs the same sequences each time, so that a failure is due to a change. */
const FIXED_SEED = 1_230_201_453;
const randomSeed = () => Math.trunc(Math.random() * 2 ** 31);
const SEED = Number(given.MODEL_SEED ?? (given.MODEL_RUNS === undefined ? FIXED_SEED : randomSeed()));

const READERS = 4;

const index = (below: number) => fc.nat(below - 1);
const reader = index(READERS);
/** The index of a name: one of three organization IDs, four slugs and two external IDs. */
const name = index(9);
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("read" as const), reader, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("force" as const), reader, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read slowly" as const), reader, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer slow reads" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("rename" as const), organization: index(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("move slug" as const), organization: index(3), slug: index(4) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("move external ID" as const),
      organization: index(3),
      id: index(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("delete or restore" as const), organization: index(3) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), how: index(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("work" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("purge" as const), reader, name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("new isolate" as const), reader }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("evict objects" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("KV reads fail" as const), fail: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("objects hear of purges" as const), hear: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("KV writes fail" as const), fail: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      seconds: fc.constantFrom(0.5, 2, 5, 5.5, 11, 30, 61, 125, 900, 3_600),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

useClock();

async function run(steps: readonly Step[]): Promise<void> {
  vi.restoreAllMocks();
  vi.setSystemTime(NOW);
  const admin = createIsolate();
  const keys = {
    plain: (await createKey(admin, ["organizations:read"])).key,
    forcing: (await createKey(admin, ["organizations:read", "cache:refresh"])).key,
  };
  const world = new World(READERS, keys);
  try {
    for (const one of steps) await take(world, one);
  } finally {
    await world.end();
  }
}

async function take(world: World, one: Step): Promise<void> {
  switch (one.do) {
    case "read":
      return await world.read(one.reader, one.name, false);
    case "force":
      return await world.read(one.reader, one.name, true);
    case "read slowly":
      return await world.readSlowly(one.reader, one.name);
    case "answer slow reads":
      return await world.answerSlowReads();
    case "rename":
      return world.stytch.rename(one.organization);
    case "move slug":
      return world.stytch.moveSlug(one.organization, one.slug);
    case "move external ID":
      return world.stytch.moveExternalId(one.organization, one.id);
    case "delete or restore":
      return world.stytch.deleteOrRestore(one.organization);
    case "fail":
      return world.stytch.setFault(one.how);
    case "work":
      return world.stytch.setFault(null);
    case "purge":
      return await world.purge(one.reader, one.name);
    case "new isolate":
      return world.replaceIsolate(one.reader);
    case "evict objects":
      return await world.evictObjects();
    case "KV reads fail":
      return world.setKvReadsFail(one.fail);
    case "KV writes fail":
      return world.setKvWritesFail(one.fail);
    case "objects hear of purges":
      return world.setObjectsHear(one.hear);
    case "wait":
      return await world.wait(one.seconds);
  }
}

test(`every answer may be given (MODEL_SEED=${SEED}, ${RUNS} runs)`, {
  timeout: 60_000 + RUNS * 10_000,
}, async () => {
  const sequences = fc.array(step, { minLength: 30, maxLength: 70, size: "max" });
  await fc.assert(fc.asyncProperty(sequences, run), {
    seed: SEED,
    numRuns: RUNS,
    interruptAfterTimeLimit: 600_000,
  });
  expect(RUNS).toBeGreaterThan(0);
});
