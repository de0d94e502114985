/** Hits in isolates that serve few or many organizations, to few or many keys. */
import type { Built } from "../../dev/build.ts";
import { type GrowingWorker, startGrowingWorker } from "./growing-worker.ts";
import type { HitCounts, HitOrder, World } from "./messages.ts";
import { median } from "./verdict.ts";

/**
 * What is compared: organizations up to what the memory of an isolate holds (16 MiB) and beyond, keys up to what it
 * holds (5,000) and beyond, and the longest purge list. The first is what all others are compared with.
 */
export const WORLDS = {
  one: { organizations: 1, keys: 1, purges: 0 },
  organizations100: { organizations: 100, keys: 1, purges: 0 },
  organizations3000: { organizations: 3_000, keys: 1, purges: 0 },
  organizations10000: { organizations: 10_000, keys: 1, purges: 0 },
  keys100: { organizations: 1, keys: 100, purges: 0 },
  keys5000: { organizations: 1, keys: 5_000, purges: 0 },
  keys10000: { organizations: 1, keys: 10_000, purges: 0 },
  purges5000: { organizations: 1, keys: 1, purges: 5_000 },
} as const satisfies Record<string, World>;

export type WorldName = keyof typeof WORLDS;

export interface HitFigures {
  /** CPU time of a request, without socket and HTTP: the median of the rounds. */
  readonly cpuUs: number;
  readonly kvReads: number;
  readonly objectCalls: number;
  /** What the isolate's live memory has grown by, in MB. */
  readonly heapMegabytes: number;
}

/** Organizations and keys come in turn; in `zipf`, by Zipf's law, which only matters to isolates that do not hold them. */
export interface HitResults {
  readonly turn: Readonly<Record<WorldName, HitFigures>>;
  readonly zipf: Readonly<Partial<Record<WorldName, HitFigures>>>;
}

export interface HitSize {
  readonly rounds: number;
  readonly requests: number;
}

/** On the clock of the isolate: 10,000 requests a second, so that no lease ends while hits are measured. */
const MS_APART = 0.1;
/** Longer than a lease, and than an entry stays in memory: then each is renewed, as in traffic that goes on. */
const LEASE_MS = 61_000;

const allNames = Object.keys(WORLDS) as WorldName[];
const NAMES_BY_ZIPF = ["organizations10000", "keys10000"] as const satisfies readonly WorldName[];

/** Each world has a workerd of its own, and a turn in each round, there and back. */
export async function measureHits(built: Built, { rounds, requests }: HitSize): Promise<HitResults> {
  const workers = {} as Record<WorldName, GrowingWorker>;
  const heap = {} as Record<WorldName, number>;
  for (const name of allNames) {
    const worker = await startGrowingWorker(built);
    workers[name] = worker;
    await worker.send("/_prepare", WORLDS[name]);
    const before = await worker.heapMegabytes();
    await renew(name);
    heap[name] = (await worker.heapMegabytes()) - before;
  }

  async function renew(name: WorldName): Promise<void> {
    const { organizations, keys } = WORLDS[name];
    const order: HitOrder = {
      requests: Math.max(organizations, keys),
      skipMs: LEASE_MS,
      msApart: MS_APART,
      order: "turn",
    };
    await workers[name].send("/_hits", order);
  }

  async function measure<Name extends WorldName>(
    order: HitOrder["order"],
    names: readonly Name[],
  ): Promise<Record<Name, HitFigures>> {
    const cpuUs = {} as Record<WorldName, number[]>;
    const counts = {} as Record<WorldName, HitCounts>;
    const hits: HitOrder = { requests, skipMs: 0, msApart: MS_APART, order };
    for (const name of names) await workers[name].send("/_hits", hits);
    for (let round = 0; round < rounds; round += 1) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        await renew(name);
        const { answer, ms } = await workers[name].time<HitCounts>("/_hits", hits);
        cpuUs[name] = [...(cpuUs[name] ?? []), (ms * 1_000) / requests];
        counts[name] = answer;
      }
    }
    const figuresOf = (name: WorldName): HitFigures => ({
      cpuUs: median(cpuUs[name]),
      kvReads: counts[name].kvReads / requests,
      objectCalls: counts[name].objectCalls / requests,
      heapMegabytes: heap[name],
    });
    return Object.fromEntries(names.map((name) => [name, figuresOf(name)])) as Record<Name, HitFigures>;
  }

  const results = { turn: await measure("turn", allNames), zipf: await measure("zipf", NAMES_BY_ZIPF) };
  for (const worker of Object.values(workers)) await worker.stop();
  return results;
}
