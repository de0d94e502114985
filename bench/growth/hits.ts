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
  /** How often all isolates are started: code and memory are laid out differently each time. */
  readonly starts: number;
  readonly rounds: number;
  readonly requests: number;
}

/** On the clock of the isolate: 10,000 requests a second, so that no lease ends while hits are measured. */
const MS_APART = 0.1;
/** Longer than a lease, and than an entry stays in memory: then each is renewed, as in traffic that goes on. */
const LEASE_MS = 61_000;
/** All isolates are renewed by as many requests, since V8 does better the longer it has been busy. */
const RENEWING_REQUESTS = Math.max(
  ...Object.values(WORLDS).map(({ organizations, keys }) => Math.max(organizations, keys)),
);
const RENEWAL: HitOrder = {
  requests: RENEWING_REQUESTS,
  skipMs: LEASE_MS,
  msApart: MS_APART,
  order: "turn",
};

const allNames = Object.keys(WORLDS) as WorldName[];
const NAMES_BY_ZIPF = ["organizations10000", "keys10000"] as const satisfies readonly WorldName[];

interface HitTimes {
  /** CPU time of a request, in microseconds, one for each round. */
  readonly us: number[];
  counts: HitCounts;
  heapMegabytes: number;
}

/** Each world has a workerd of its own, and a turn in each round. */
export async function measureHits(built: Built, { starts, rounds, requests }: HitSize): Promise<HitResults> {
  const times = { turn: new Map<WorldName, HitTimes>(), zipf: new Map<WorldName, HitTimes>() };
  for (let start = 1; start <= starts; start += 1) {
    const isolates = await startIsolates(built);
    await measureOrder(isolates, "turn", allNames);
    await measureOrder(isolates, "zipf", NAMES_BY_ZIPF);
    for (const { worker } of isolates.values()) await worker.stop();
  }
  return { turn: figuresOf("turn", allNames), zipf: figuresOf("zipf", NAMES_BY_ZIPF) };

  async function measureOrder(
    isolates: Isolates,
    order: HitOrder["order"],
    names: readonly WorldName[],
  ): Promise<void> {
    const hits: HitOrder = { requests, skipMs: 0, msApart: MS_APART, order };
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of names) {
        const { worker, heapMegabytes } = isolateOf(isolates, name);
        await worker.send("/_hits", RENEWAL);
        const { answer, ms } = await worker.time<HitCounts>("/_hits", hits);
        // The first round warms up.
        if (round === 0) continue;
        const known = times[order].get(name) ?? { us: [], counts: answer, heapMegabytes };
        known.us.push((ms * 1_000) / requests);
        known.counts = answer;
        times[order].set(name, known);
      }
    }
  }

  function figuresOf<Name extends WorldName>(
    order: HitOrder["order"],
    names: readonly Name[],
  ): Record<Name, HitFigures> {
    const figures = names.map((name) => {
      const known = times[order].get(name);
      if (known === undefined) throw new Error(`${name} was not measured.`);
      const { us, counts, heapMegabytes } = known;
      const { kvReads, objectCalls } = counts;
      return [
        name,
        {
          cpuUs: median(us),
          kvReads: kvReads / requests,
          objectCalls: objectCalls / requests,
          heapMegabytes,
        },
      ];
    });
    return Object.fromEntries(figures) as Record<Name, HitFigures>;
  }
}

interface Isolate {
  readonly worker: GrowingWorker;
  /** What its live memory has grown by when it first served all that there is. */
  readonly heapMegabytes: number;
}

type Isolates = ReadonlyMap<WorldName, Isolate>;

async function startIsolates(built: Built): Promise<Isolates> {
  const isolates = new Map<WorldName, Isolate>();
  for (const name of allNames) {
    const worker = await startGrowingWorker(built);
    await worker.send("/_prepare", WORLDS[name]);
    const before = await worker.heapMegabytes();
    await worker.send("/_hits", RENEWAL);
    isolates.set(name, { worker, heapMegabytes: (await worker.heapMegabytes()) - before });
  }
  return isolates;
}

function isolateOf(isolates: Isolates, name: WorldName): Isolate {
  const isolate = isolates.get(name);
  if (isolate === undefined) throw new Error(`${name} was not started.`);
  return isolate;
}
