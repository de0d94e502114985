/**
 * The memory that a Worker's isolate uses, as V8 reports it
 * (https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-getHeapUsage).
 */
import { setTimeout } from "node:timers/promises";
import { openInspector } from "./inspector.ts";

interface Heap {
  /** Live memory: collects garbage first. Sends requests meanwhile. */
  megabytes(): Promise<number>;
  close(): void;
}

interface Usage {
  readonly usedSize?: number;
  readonly backingStorageSize?: number;
}

/** Between two requests that keep the isolate running. */
const REQUEST_INTERVAL_MS = 20;

/** Connects to the debugger of the Worker that serves `url`. Rejects if it has none. */
export async function openHeap(worker: {
  readonly url: string;
  readonly inspector: URL | undefined;
}): Promise<Heap> {
  const inspector = await openInspector(worker.inspector);
  await inspector.send("HeapProfiler.enable");
  return {
    megabytes: async () => {
      await whileRunning(worker.url, inspector.send("HeapProfiler.collectGarbage"));
      // The heap excludes the bytes of buffers, which hold the cached bodies.
      const { usedSize = Number.NaN, backingStorageSize = 0 } =
        await inspector.send<Usage>("Runtime.getHeapUsage");
      return Math.round(((usedSize + backingStorageSize) / 1_048_576) * 10) / 10;
    },
    close: () => inspector.close(),
  };
}

/** Waits for `work`, and sends requests meanwhile: V8 collects garbage in a task, and an idle isolate runs none. */
async function whileRunning(url: string, work: Promise<unknown>): Promise<void> {
  const isOver = work.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([isOver, setTimeout(REQUEST_INTERVAL_MS, false)])))
    await (await fetch(`${url}/healthz`)).arrayBuffer();
  await work;
}
