/** Serves a Worker as it would be deployed, without wrangler's development proxy: for tests. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { PreparedWorker } from "./prepared-worker.ts";
import type { RunningServer, ServeOptions } from "./serve.ts";

interface BuiltOptions extends Pick<ServeOptions, "vars" | "onLogLine"> {
  /** A module that imports the Worker's entry file, and takes its place. Default: none. */
  readonly wrapper?: string;
}

/** By configuration: a process builds a Worker once. */
const prepared = new Map<string, PreparedWorker>();

/** Takes over what another process built. */
export function usePrepared(worker: PreparedWorker): void {
  prepared.set(worker.configPath, worker);
}

async function prepare(configPath: string): Promise<PreparedWorker> {
  const known = prepared.get(configPath);
  if (known !== undefined) return known;
  const { prepareWorker } = await import("./prepared-worker.ts");
  const worker = await prepareWorker(configPath);
  usePrepared(worker);
  return worker;
}

/** The first module is the entry. */
function modulesOf({ entry, script }: PreparedWorker, wrapper: string | undefined) {
  const built = { type: "ESModule" as const, path: entry, contents: script };
  if (wrapper === undefined) return [built];
  const contents = stripTypeScriptTypes(readFileSync(wrapper, "utf8"));
  return [{ type: "ESModule" as const, path: wrapper, contents }, built];
}

/**
 * `configPath` is the Worker's `wrangler.toml`, whose variables are replaced by `vars`. The server listens on loopback
 * only, on any free port. Nothing that it stores outlives it.
 */
export async function serveBuilt(
  configPath: string,
  { wrapper, vars, onLogLine }: BuiltOptions,
): Promise<RunningServer> {
  const worker = await prepare(configPath);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: ({ message }) => onLogLine(message),
      workers: [
        {
          ...worker.options,
          bindings: vars,
          name: "worker",
          modules: modulesOf(worker, wrapper),
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  return {
    origin: (await miniflare.unsafeGetDirectURL("worker")).origin,
    inspector: undefined,
    stop: async () => await miniflare.dispose(),
  };
}
