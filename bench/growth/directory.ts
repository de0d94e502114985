/** What the Directory does with few and with many keys and purges: rows, and CPU time. */
import type { Built } from "../../dev/build.ts";
import { startGrowingWorker } from "./growing-worker.ts";
import type { Filling, Operation, OperationCounts } from "./messages.ts";
import { median } from "./verdict.ts";

export const KEY_COUNTS = [1, 100, 10_000] as const;
/** Up to as many as the Directory lists. */
export const PURGE_COUNTS = [0, 500, 5_000] as const;

/** What depends on the number of keys, or might. */
export const KEY_OPERATIONS = {
  issue: "issue a key",
  edit: "edit a key",
  record: "get a key by ID (its own object)",
  usage: "a key's usage report (its own object)",
  page: "list 50 keys",
  middlePage: "list 50 keys, from the middle",
  search: "search, 50 of many",
  vainSearch: "search that finds nothing",
  nextSync: "an isolate asks what is new",
  report: "the same, with a report on 100 keys",
  overview: "overview of 24 hours",
  scrape: "scrape, with a report on 100 keys",
  editAndScrape: "edit a key, then scrape",
} as const satisfies Partial<Record<Operation, string>>;

/** What depends on the number of purges, or might. */
export const PURGE_OPERATIONS = {
  firstSync: "a new isolate asks for the list",
  apply: "it takes the list in",
  nextSync: "an isolate asks what is new",
  purge: "purge an organization",
} as const satisfies Partial<Record<Operation, string>>;

export interface OperationFigures {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly bytes: number;
  readonly cpuMs: number;
}

/** In the order of the counts of keys, or of purges. */
export type OperationResults<Name extends string> = Readonly<Record<Name, readonly OperationFigures[]>>;

export interface DirectoryResults {
  readonly keys: OperationResults<keyof typeof KEY_OPERATIONS>;
  readonly purges: OperationResults<keyof typeof PURGE_OPERATIONS>;
}

/** Purges are counted by the hundred, since one in a hundred counts all. */
const COUNTED_TIMES = 100;
const MAX_TIMES = 1 << 14;

/** `minCpuMs`: an operation is repeated until it took so long, since the platform tells CPU time in steps of 10 ms. */
export async function measureDirectory(built: Built, minCpuMs: number): Promise<DirectoryResults> {
  const worker = await startGrowingWorker(built);
  const order = (operation: Operation, times: number, isCounted: boolean) =>
    ({ operation, times, isCounted }) as const;

  async function measure(operation: Operation): Promise<OperationFigures> {
    const times = operation === "purge" ? COUNTED_TIMES : 1;
    // First, so that what is done once after a start or in an hour is not counted.
    const cpuMs = await measureCpu(operation);
    const counts = await worker.send<OperationCounts>("/_operate", order(operation, times, true));
    return {
      rowsRead: counts.rowsRead / times,
      rowsWritten: counts.rowsWritten / times,
      bytes: counts.bytes,
      cpuMs,
    };
  }

  async function measureCpu(operation: Operation): Promise<number> {
    const timeOf = async (times: number) =>
      (await worker.time("/_operate", order(operation, times, false))).ms / times;
    let [times, ms] = [1, await timeOf(1)];
    while (ms * times < minCpuMs && times < MAX_TIMES) {
      times *= 2;
      ms = await timeOf(times);
    }
    return median([ms, await timeOf(times), await timeOf(times)]);
  }

  async function measureAll<Name extends Operation>(
    names: readonly Name[],
    fillings: readonly Filling[],
  ): Promise<OperationResults<Name>> {
    const figures = {} as Record<Name, OperationFigures[]>;
    for (const filling of fillings) {
      await worker.send("/_fill", filling);
      for (const name of names) figures[name] = [...(figures[name] ?? []), await measure(name)];
    }
    return figures;
  }

  const keys = await measureAll(
    namesOf(KEY_OPERATIONS),
    KEY_COUNTS.map((count) => ({ keys: count, purges: 0 })),
  );
  const purges = await measureAll(
    namesOf(PURGE_OPERATIONS),
    PURGE_COUNTS.map((count) => ({ keys: KEY_COUNTS[0], purges: count })),
  );
  await worker.stop();
  return { keys, purges };
}

const namesOf = <Name extends string>(labels: Readonly<Record<Name, string>>) =>
  Object.keys(labels) as Name[];
