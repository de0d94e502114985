/** Builds a Worker as a deployment does and serves it on this machine, with local KV and Durable Objects. */
import { buildAssets } from "../console/build.ts";
import { POSTERN_CONFIG } from "./build.ts";
import { NO_ENV_FILES } from "./wrangler-settings.ts";

const { unstable_DevEnv } = await import("wrangler");

import { isConnectionFailureDetail } from "./runtime-log.ts";
import { awaitStart } from "./worker-start.ts";

export interface ServeOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly vars: Readonly<Record<string, string>>;
  /** Whether KV and objects outlive the server, in `.wrangler/state`. */
  readonly persist: boolean;
  /** Opens a debugger's socket. Default: false. */
  readonly inspect?: boolean;
  /** Called with each line that the Worker logs, and with what the runtime says of failures that it did not see. */
  readonly onLogLine: (line: string) => void;
}

export interface RunningServer {
  readonly origin: string;
  /** The debugger's socket, if `inspect` was set. */
  readonly inspector: URL | undefined;
  stop(): Promise<void>;
}

/**
 * `configPath` is the Worker's `wrangler.toml`. The server listens on loopback only. `.dev.vars` is not read: the
 * Worker gets what is in its configuration file and in `vars`. Rejects if it does not start, such as on a taken port.
 */
export async function serve(
  configPath: string,
  { port, vars, persist, inspect = false, onLogLine }: ServeOptions,
): Promise<RunningServer> {
  const bindings = Object.entries(vars).map(
    ([name, value]) => [name, { type: "secret_text", value }] as const,
  );
  if (configPath === POSTERN_CONFIG) await buildAssets();
  const wrangler = new unstable_DevEnv();
  const started = wrangler.startWorker({
    config: configPath,
    envFiles: NO_ENV_FILES,
    bindings: Object.fromEntries(bindings),
    dev: {
      server: { hostname: "127.0.0.1", port },
      inspector: inspect ? { hostname: "127.0.0.1", port: 0 } : false,
      watch: false,
      logLevel: "error",
      ...(persist ? {} : { persist: false }),
      structuredLogsHandler: ({ message }: { message: string }) => {
        if (!isConnectionFailureDetail(message)) onLogLine(message);
      },
    },
  });
  try {
    await awaitStart(
      configPath,
      wrangler,
      started.then(async ({ ready }) => await ready),
    );
  } catch (error) {
    // Not `dispose`, which waits for the start that has failed.
    void wrangler.teardown().catch(() => {});
    throw error;
  }
  const worker = await started;
  return {
    origin: (await worker.url).origin,
    inspector: await worker.inspectorUrl,
    stop: async () => await worker.dispose(),
  };
}
