/**
 * The memory that a Worker's isolate uses, as V8 reports it
 * (https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-getHeapUsage).
 */
import { openInspector } from "./inspector.ts";

interface Heap {
  /** Live memory: collects garbage first. */
  megabytes(): Promise<number>;
  close(): void;
}

interface Usage {
  readonly usedSize?: number;
  readonly backingStorageSize?: number;
}

/** Connects to a Worker's debugger. Rejects if there is none. */
export async function openHeap(url: URL | undefined): Promise<Heap> {
  const inspector = await openInspector(url);
  await inspector.send("HeapProfiler.enable");
  return {
    megabytes: async () => {
      await inspector.send("HeapProfiler.collectGarbage");
      // The heap excludes the bytes of buffers, which hold the cached bodies.
      const { usedSize = Number.NaN, backingStorageSize = 0 } =
        await inspector.send<Usage>("Runtime.getHeapUsage");
      return Math.round(((usedSize + backingStorageSize) / 1_048_576) * 10) / 10;
    },
    close: () => inspector.close(),
  };
}
