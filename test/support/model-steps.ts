/** The steps of the model test, at random or by hand, and a run of them. */
import fc from "fast-check";
import { vi } from "vitest";
import { NOW } from "./clock.ts";
import { createIsolate, createKey } from "./deployment.ts";
import { FAULTS } from "./model-faults.ts";
import { type ModelKeys, World } from "./model-harness.ts";

const READERS = 4;
/** A run begins this long after the one before: nothing that it left in the Directory or the objects counts any more. */
const BETWEEN_RUNS_MS = 86_400_000;

const index = (below: number) => fc.nat(below - 1);
const reader = index(READERS);
/** The index of a name: one of three organization IDs, four slugs and two external IDs. */
const name = index(9);
const organization = index(3);
const WAITS: readonly number[] = [0.5, 2, 5, 5.5, 11, 30, 61, 125, 900, 3_600];
const seconds = fc.constantFrom(...WAITS);

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("read" as const), reader, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("force" as const), reader, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read slowly" as const), reader, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer slow reads" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("rename" as const), organization }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("move slug" as const), organization, slug: index(4) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("move external ID" as const), organization, id: index(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete or restore" as const), organization }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), how: index(FAULTS.length) }) },
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
  { weight: 8, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds }) },
);

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const sequences = fc.array(step, { minLength: 30, maxLength: 70, size: "max" });

let keys: ModelKeys | undefined;
let startAt = NOW;

/** Takes the steps in a world of their own, and returns it. Rejects if an answer may not be given. */
export async function runSteps(steps: readonly Step[]): Promise<World> {
  vi.restoreAllMocks();
  vi.setSystemTime(startAt);
  keys ??= await createKeys();
  const world = await World.create(READERS, keys);
  try {
    for (const one of steps) await take(world, one);
  } finally {
    await world.end();
    startAt = Date.now() + BETWEEN_RUNS_MS;
  }
  return world;
}

/** For all runs: a run changes nothing of them. */
async function createKeys(): Promise<ModelKeys> {
  const admin = createIsolate();
  const { key: plain } = await createKey(admin, ["organizations:read"]);
  const { key: forcing } = await createKey(admin, ["organizations:read", "cache:refresh"]);
  return { plain, forcing };
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
      return world.kv.setReadsFail(one.fail);
    case "KV writes fail":
      return world.kv.setWritesFail(one.fail);
    case "objects hear of purges":
      return world.setObjectsHear(one.hear);
    case "wait":
      return await world.wait(one.seconds);
  }
}
