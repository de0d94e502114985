/**
 * The memory that a Worker's isolate uses, as V8 reports it
 * (https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-getHeapUsage).
 */

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
export async function openHeap(inspector: URL | undefined): Promise<Heap> {
  if (inspector === undefined) throw new Error("The Worker has no debugger.");
  const [target] = (await (await fetch(new URL("/json", inspector))).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  // wrangler refuses clients without an Origin that it allows.
  const socket = new WebSocket(String(target?.webSocketDebuggerUrl), {
    headers: { Origin: "http://localhost" },
  });
  const pending = new Map<number, (result: Usage) => void>();
  let lastId = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: Usage };
    if (id !== undefined) pending.get(id)?.(result ?? {});
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const send = async (method: string) =>
    await new Promise<Usage>((resolve) => {
      lastId += 1;
      pending.set(lastId, resolve);
      socket.send(JSON.stringify({ id: lastId, method }));
    });
  await send("HeapProfiler.enable");
  return {
    megabytes: async () => {
      await send("HeapProfiler.collectGarbage");
      // The heap excludes the bytes of buffers, which hold the cached bodies.
      const { usedSize = Number.NaN, backingStorageSize = 0 } = await send("Runtime.getHeapUsage");
      return Math.round(((usedSize + backingStorageSize) / 1_048_576) * 10) / 10;
    },
    close: () => socket.close(),
  };
}
