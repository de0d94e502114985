/** Runs a built Worker in a workerd of its own, and on its own socket, without wrangler's development proxy. */
import type { Readable } from "node:stream";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Built } from "../dev/build.ts";
import { readWorkerOptions } from "../dev/wrangler-settings.ts";
import { cpuMs, pin, workerdPids } from "./processors.ts";

export interface RunningWorker {
  readonly url: string;
  /** From the start of workerd to its first response, in ms. */
  readonly startMs: number;
  /** CPU time that workerd has used so far, in ms; null if the platform does not report it. */
  cpuMs(): number | null;
  stop(): Promise<void>;
}

/** `config` is the path of the `wrangler.toml` with its bindings. `processor`: undefined for any. */
export async function startWorker(
  config: string,
  built: Built,
  vars: Readonly<Record<string, string>>,
  processor: number | undefined,
): Promise<RunningWorker> {
  const options = readWorkerOptions(config, vars);
  const pidsBefore = new Set(workerdPids());
  const startedAt = performance.now();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      // Printing the Worker's log would take time that is not the Worker's.
      handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
        stdout.resume();
        stderr.resume();
      },
      handleStructuredLogs: () => {},
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
  const url = (await miniflare.unsafeGetDirectURL("worker")).origin;
  await (await fetch(`${url}/healthz`)).arrayBuffer();
  const startMs = performance.now() - startedAt;
  const pid = workerdPids().find((one) => !pidsBefore.has(one));
  if (pid !== undefined && processor !== undefined) pin(pid, processor);
  return {
    url,
    startMs,
    cpuMs: () => (pid === undefined ? null : cpuMs(pid)),
    stop: async () => await miniflare.dispose(),
  };
}
