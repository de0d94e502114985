/** Serves a Worker as it would be deployed, without wrangler's development proxy: for tests. */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { type Built, build } from "./build.ts";
import type { RunningServer } from "./serve.ts";
import { readWorkerOptions } from "./wrangler-settings.ts";

interface ServeOptions {
  /** Default: the `main` of the configuration. */
  readonly entry?: string;
  readonly vars: Readonly<Record<string, string>>;
  /** Called with each line that the Worker logs. */
  readonly onLogLine: (line: string) => void;
}

export interface NamedBuild {
  /** As in `serveBuilt`. */
  readonly configPath: string;
  readonly entry?: string;
  readonly built: Built;
}

/** By configuration and entry file: a process builds a Worker once. */
const builds = new Map<string, Built>();

/** Takes over what another process built. */
export function useBuild({ configPath, entry, built }: NamedBuild): void {
  builds.set(buildName(configPath, entry), built);
}

const buildName = (configPath: string, entry = "") => `${configPath} ${entry}`;

/**
 * `configPath` is the Worker's `wrangler.toml`, whose variables are replaced by `vars`. The server listens on loopback
 * only, on any free port. Nothing that it stores outlives it.
 */
export async function serveBuilt(
  configPath: string,
  { entry, vars, onLogLine }: ServeOptions,
): Promise<RunningServer> {
  const name = buildName(configPath, entry);
  const built = builds.get(name) ?? (await build(configPath, entry));
  builds.set(name, built);
  const options = readWorkerOptions(configPath, vars);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: ({ message }) => onLogLine(message),
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
  return {
    origin: (await miniflare.unsafeGetDirectURL("worker")).origin,
    inspector: undefined,
    stop: async () => await miniflare.dispose(),
  };
}
