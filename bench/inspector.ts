/**
 * A connection to the debugger of a Worker, which speaks the Chrome DevTools Protocol
 * (https://chromedevtools.github.io/devtools-protocol/v8/).
 */

export interface Inspector {
  /** Resolves with the result of the method. Rejects if the debugger reports an error or the connection closes. */
  send<Result>(method: string, parameters?: object): Promise<Result>;
  close(): void;
}

interface Message {
  /** Absent in an event. */
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Target {
  readonly id: string;
  readonly webSocketDebuggerUrl: string;
}

/** Connects to the target with this ID, by default to the first. Rejects if there is none, or no debugger at all. */
export async function openInspector(inspector: URL | undefined, targetId?: string): Promise<Inspector> {
  if (inspector === undefined) throw new Error("The Worker has no debugger.");
  const targets = (await (await fetch(new URL("/json", inspector))).json()) as Target[];
  const target = targets.find(({ id }) => targetId === undefined || id === targetId);
  if (target === undefined) throw new Error(`The debugger has no target ${targetId ?? ""}.`);
  // A target's ID may contain a #, which would begin a fragment. Wrangler refuses clients without an Origin that it allows.
  const socket = new WebSocket(target.webSocketDebuggerUrl.replaceAll("#", "%23"), {
    headers: { Origin: "http://localhost" },
  });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as Message;
    if (id === undefined) return;
    if (error === undefined) pending.get(id)?.resolve(result);
    else pending.get(id)?.reject(new Error(error.message));
    pending.delete(id);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  socket.addEventListener("close", () => {
    for (const { reject } of pending.values()) reject(new Error("The debugger closed the connection."));
  });
  return {
    send: async <Result>(method: string, parameters: object = {}) => {
      lastId += 1;
      const answer = Promise.withResolvers<unknown>();
      pending.set(lastId, answer);
      socket.send(JSON.stringify({ id: lastId, method, params: parameters }));
      return (await answer.promise) as Result;
    },
    close: () => socket.close(),
  };
}
