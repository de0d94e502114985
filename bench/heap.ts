/** What an isolate of workerd holds in memory, by V8's own word: https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-getHeapUsage */

interface Heap {
  /** Of what is alive: after a collection. */
  megabytes(): Promise<number>;
  close(): void;
}

interface Usage {
  readonly usedSize?: number;
  readonly backingStorageSize?: number;
}

/** Of the Worker whose debugger listens there. */
export async function openHeap(inspector: URL | undefined): Promise<Heap> {
  if (inspector === undefined) throw new Error("the Worker has no debugger");
  const [target] = (await (await fetch(new URL("/json", inspector))).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  // wrangler lets in nobody who does not say so.
  const socket = new WebSocket(String(target?.webSocketDebuggerUrl), {
    headers: { Origin: "http://localhost" },
  });
  const answers = new Map<number, (result: Usage) => void>();
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: Usage };
    if (id !== undefined) answers.get(id)?.(result ?? {});
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const ask = async (method: string) =>
    await new Promise<Usage>((resolve) => {
      last += 1;
      answers.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method }));
    });
  await ask("HeapProfiler.enable");
  return {
    megabytes: async () => {
      await ask("HeapProfiler.collectGarbage");
      // The bytes of buffers, of which the cache consists, are not on the heap itself.
      const { usedSize = Number.NaN, backingStorageSize = 0 } = await ask("Runtime.getHeapUsage");
      return Math.round(((usedSize + backingStorageSize) / 1_048_576) * 10) / 10;
    },
    close: () => socket.close(),
  };
}
