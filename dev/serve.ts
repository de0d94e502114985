/** Serves a Worker on this machine, as it is built for deployment, with local KV and Durable Objects. */

// Nothing but the project's own traffic leaves this machine.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";
process.env["WRANGLER_SEND_METRICS"] ??= "false";
const { unstable_startWorker } = await import("wrangler");

interface Options {
  /** 0 for any. */
  readonly port: number;
  readonly vars: Readonly<Record<string, string>>;
  /** Whether KV and objects outlive the server, in `.wrangler/state`. */
  readonly persist: boolean;
  /** Whether a debugger may look into it. */
  readonly inspect?: boolean;
  /** Called with each line that the Worker logs. */
  readonly onLine: (line: string) => void;
}

export interface Served {
  readonly origin: string;
  /** Of the debugger's socket, where one may look into it. */
  readonly inspector: URL | undefined;
  stop(): Promise<void>;
}

/** On loopback only. Nothing is read from `.dev.vars`: what the Worker gets is in its configuration file and in `vars`. */
export async function serve(
  config: string,
  { port, vars, persist, inspect = false, onLine }: Options,
): Promise<Served> {
  const bindings = Object.entries(vars).map(
    ([name, value]) => [name, { type: "secret_text", value }] as const,
  );
  const worker = await unstable_startWorker({
    config,
    envFiles: [],
    bindings: Object.fromEntries(bindings),
    dev: {
      server: { hostname: "127.0.0.1", port },
      inspector: inspect ? { hostname: "127.0.0.1", port: 0 } : false,
      watch: false,
      logLevel: "error",
      ...(persist ? {} : { persist: false }),
      structuredLogsHandler: (line: { message: string }) => onLine(line.message),
    },
  });
  await worker.ready;
  return {
    origin: (await worker.url).origin,
    inspector: await worker.inspectorUrl,
    stop: async () => await worker.dispose(),
  };
}
