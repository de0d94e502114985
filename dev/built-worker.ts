/** Serves Workers as they would be deployed, without wrangler's development proxy: for tests. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { PreparedWorker } from "./prepared-worker.ts";
import { PortTakenError } from "./worker-start.ts";

export interface BuiltWorker {
  /** The Worker's `wrangler.toml`. */
  readonly configPath: string;
  /** A module that imports the Worker's entry file, and takes its place. Default: none. */
  readonly wrapper?: string;
  /** The bundled source of another release, in place of this one's. Default: none. */
  readonly script?: string;
  /** They replace the variables of the `wrangler.toml`. */
  readonly vars: Readonly<Record<string, string>>;
  /** Default: any free port. */
  readonly port?: number;
  /** Whether its static files are served in front of it, as Cloudflare does. Default: false. */
  readonly hasAssets?: boolean;
}

export interface RunningWorkers<Name extends string> {
  readonly origins: Readonly<Record<Name, string>>;
  stop(): Promise<void>;
}

/** Where Workers were served in this process, each with its configuration. */
export const servedOrigins = new Map<string, string>();

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

/** Namespaces of its own for each Worker: those of one runtime would share what has the same ID. */
function kvNamespacesOf(name: string, { options }: PreparedWorker) {
  const bindings = Object.keys(options.kvNamespaces ?? {});
  return Object.fromEntries(bindings.map((binding) => [binding, `${name}-${binding}`]));
}

/** The first module is the entry. */
function modulesOf(prepared: PreparedWorker, { wrapper, script = prepared.script }: BuiltWorker) {
  const built = { type: "ESModule" as const, path: prepared.entry, contents: script };
  if (wrapper === undefined) return [built];
  const contents = stripTypeScriptTypes(readFileSync(wrapper, "utf8"));
  return [{ type: "ESModule" as const, path: wrapper, contents }, built];
}

async function toOptions(name: string, worker: BuiltWorker) {
  const { vars, port = 0, hasAssets = false } = worker;
  const prepared = await prepare(worker.configPath);
  return {
    ...prepared.options,
    ...(hasAssets && prepared.assets !== undefined ? { assets: prepared.assets } : {}),
    name,
    kvNamespaces: kvNamespacesOf(name, prepared),
    bindings: vars,
    // No Worker here uses it, and it would be three Workers more to start.
    cacheAPI: false,
    modules: modulesOf(prepared, worker),
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  };
}

/**
 * Serves the Workers in one runtime, each on a socket of its own, on loopback only. `onLogLine` is called with each line
 * that any of them logs. What they store is in `stateFolder`, which one runtime at a time may use; by default, nothing
 * outlives the runtime.
 */
export async function serveBuilt<Name extends string>(
  workers: Readonly<Record<Name, BuiltWorker>>,
  onLogLine: (line: string) => void = () => {},
  stateFolder?: string,
): Promise<RunningWorkers<Name>> {
  const names = Object.keys(workers) as Name[];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: ({ message }) => onLogLine(message),
      ...(stateFolder === undefined ? {} : { resourcePersistencePath: stateFolder }),
      workers: await Promise.all(names.map(async (name) => await toOptions(name, workers[name]))),
    }),
  );
  const originOf = async (name: Name) => {
    const { origin } = await miniflare.unsafeGetDirectURL(name);
    // Another release keeps to its own contract.
    if (workers[name].script === undefined) servedOrigins.set(origin, workers[name].configPath);
    return [name, origin];
  };
  try {
    return {
      origins: Object.fromEntries(await Promise.all(names.map(originOf))),
      stop: async () => await miniflare.dispose(),
    };
  } catch (error) {
    // What has started of it would keep the process alive. Miniflare ends it, and then rejects with the same error.
    await miniflare.dispose().catch(() => {});
    const isPortTaken = (error as { code?: unknown }).code === "ERR_ADDRESS_IN_USE";
    throw isPortTaken
      ? new PortTakenError("A Worker did not start: its port is taken.", { cause: error })
      : error;
  }
}
