/** A built Worker in a workerd of its own, whose socket takes requests without wrangler's development proxy. */
import type { Readable } from "node:stream";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import type { Built } from "./build.ts";
import { cpuMs, pin, workerds } from "./processors.ts";

interface WorkerOptions {
  readonly modulesRules?: unknown;
  readonly rootPath?: string;
  readonly bindings?: Readonly<Record<string, string>>;
}

export interface MeasuredWorker {
  readonly url: string;
  /** From the start of workerd to its first answer, in ms. */
  readonly startMs: number;
  /** What workerd has used of its processor, in ms; null where that cannot be told. */
  cpuMs(): number | null;
  stop(): Promise<void>;
}

/** `config`: path of its `wrangler.toml`, for its bindings. `processor`: where it is to run, if anywhere. */
export async function startMeasuredWorker(
  config: string,
  built: Built,
  vars: Readonly<Record<string, string>>,
  processor: number | undefined,
): Promise<MeasuredWorker> {
  const {
    modulesRules: _rules,
    rootPath: _path,
    ...options
  } = unstable_getMiniflareWorkerOptions(config).workerOptions as WorkerOptions;
  const before = new Set(workerds());
  const began = performance.now();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      // What a Worker logs is not what is measured, and writing it down costs time.
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
          bindings: { ...options.bindings, ...vars },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  const url = (await miniflare.unsafeGetDirectURL("worker")).origin;
  await (await fetch(`${url}/healthz`)).arrayBuffer();
  const startMs = performance.now() - began;
  const pid = workerds().find((one) => !before.has(one));
  if (pid !== undefined && processor !== undefined) pin(pid, processor);
  return {
    url,
    startMs,
    cpuMs: () => (pid === undefined ? null : cpuMs(pid)),
    stop: async () => await miniflare.dispose(),
  };
}
