/** Runs a built Worker in a workerd of its own, and on its own socket, without wrangler's development proxy. */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Built } from "../dev/build.ts";
import { keepStateInMemory } from "../dev/memory-folder.ts";
import { readWorkerOptions } from "../dev/wrangler-settings.ts";
import { cpuMs, pin, workerdPids } from "./processors.ts";

export interface RunningWorker {
  readonly url: string;
  /** From the start of workerd to its first response, in ms. */
  readonly startMs: number;
  /** The socket of its debugger, if it was started with one. */
  readonly inspector: URL | undefined;
  /** CPU time that workerd has used so far, in ms; null if the platform does not report it. */
  cpuMs(): number | null;
  stop(): Promise<void>;
}

/** The ID of the Worker among the targets of its debugger. */
export const WORKER_TARGET = "core:user:worker";

/**
 * `config` is the path of the `wrangler.toml` with its bindings. `processor`: undefined for any. `hasInspector`: whether
 * to open a debugger's socket.
 */
export async function startWorker(
  config: string,
  built: Built,
  vars: Readonly<Record<string, string>>,
  processor: number | undefined,
  hasInspector = false,
): Promise<RunningWorker> {
  keepStateInMemory();
  const options = readWorkerOptions(config, vars);
  const pidsBefore = new Set(workerdPids());
  const startedAt = performance.now();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      // Printing the Worker's log would take time that is not the Worker's.
      handleStructuredLogs: () => {},
      ...(hasInspector && { inspectorPort: 0 }),
      workers: [
        {
          ...options,
          name: "worker",
          modules: [{ type: "ESModule", path: "index.js", contents: built.script }],
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  const inspector = hasInspector ? new URL(await miniflare.getInspectorURL()) : undefined;
  if (inspector !== undefined) inspector.protocol = "http:";
  const url = (await miniflare.unsafeGetDirectURL("worker")).origin;
  await (await fetch(`${url}/healthz`)).arrayBuffer();
  const startMs = performance.now() - startedAt;
  const pid = workerdPids().find((one) => !pidsBefore.has(one));
  if (pid !== undefined && processor !== undefined) pin(pid, processor);
  return {
    url,
    startMs,
    inspector,
    cpuMs: () => (pid === undefined ? null : cpuMs(pid)),
    stop: async () => await miniflare.dispose(),
  };
}
