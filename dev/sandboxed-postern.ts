/** Postern in front of the sandbox, built and served on real sockets, for the end-to-end tests and the soak. */
import { type BuiltWorker, serveBuilt } from "./built-worker.ts";
import { ADMIN_TOKEN, KEY_SECRET, PROJECT_ID, SECRETS, UPSTREAM_SECRET } from "./credentials.ts";
import { probePort } from "./start-options.ts";
import { PortTakenError } from "./worker-start.ts";

/** A key, the token of a link to one, or the console's cookie. */
const KEY = /(?:pst_(?:test|live)|handover)_[0-9a-z]{16}_[0-9a-z]{50,64}|v1\.\d{10}\.[0-9a-f]{64}/;

/** A session JWT, the ID of a member or of a session, or an e-mail address of the seed. */
const MEMBER_DATA = /eyJ[\w-]{10,}|member-(?:session-)?(?:test|live)-|@[\w.-]+\.example/;

/** Whether a log line contains a secret, an API key, a session token, or a member's ID or e-mail address. */
function isLeaking(line: string, secrets: readonly string[]): boolean {
  return KEY.test(line) || MEMBER_DATA.test(line) || secrets.some((secret) => line.includes(secret));
}

export interface SandboxedPostern {
  readonly url: string;
  readonly sandboxUrl: string;
  /** Calls the admin API. Throws if the response is not 2xx. */
  admin(method: string, path: string, body?: object): Promise<Response>;
  /** Creates a key. `fields` are further fields of the request body. */
  createKey(scopes: readonly string[], fields?: object): Promise<string>;
  /** The number of requests that the sandbox received since the last call of this function. */
  upstreamCalls(): Promise<number>;
  /** Calls a control of the sandbox (sandbox/controls.ts). Throws if the response is not 2xx. */
  control(method: string, path: string, body?: object): Promise<void>;
  /** All lines that Postern has logged. */
  logs(): string[];
  /** The socket of Postern's debugger, if `inspect` was set. */
  readonly inspector: URL | undefined;
  /** Throws if any log line contains a secret, a key or a member's data. */
  stop(): Promise<void>;
}

interface Options {
  /** Opens a debugger's socket. Default: false. */
  readonly inspect?: boolean;
  /** A module that imports Postern's entry file, and takes its place. Default: none. */
  readonly wrapper?: string;
  /** Whether the console and the other static files are served, too. Default: false. */
  readonly hasAssets?: boolean;
}

/** Above those that need privileges, and below those that the system gives to outgoing connections. */
const SANDBOX_PORTS = { first: 20_000, count: 10_000 };

/** Postern has to know the sandbox's port before either of them starts. */
async function findSandboxPort(): Promise<number> {
  for (;;) {
    const port = SANDBOX_PORTS.first + Math.floor(Math.random() * SANDBOX_PORTS.count);
    if ((await probePort(port)) === null) return port;
  }
}

interface Running {
  readonly url: string;
  readonly inspector?: URL | undefined;
  stop(): Promise<void>;
}

/** Only wrangler's own debugger shows the memory of Postern's isolate. Wrangler is loaded only now: it takes seconds. */
async function serveInspected(
  { vars }: BuiltWorker,
  sandbox: BuiltWorker,
  onLogLine: (line: string) => void,
): Promise<Running> {
  const { serve } = await import("./serve.ts");
  const upstream = await serveBuilt({ sandbox });
  const options = { vars, onLogLine, port: 0, persist: false, inspect: true };
  const postern = await serve("wrangler.toml", options).catch(async (error: unknown) => {
    await upstream.stop();
    throw error;
  });
  return {
    url: postern.origin,
    inspector: postern.inspector,
    stop: async () => {
      await postern.stop();
      await upstream.stop();
    },
  };
}

async function serveBoth(
  postern: BuiltWorker,
  sandbox: BuiltWorker,
  onLogLine: (line: string) => void,
): Promise<Running> {
  const { origins, stop } = await serveBuilt({ postern, sandbox }, onLogLine);
  return { url: origins.postern, stop };
}

function builtPostern(
  vars: Readonly<Record<string, string>>,
  sandboxUrl: string,
  { wrapper, hasAssets = false }: Options = {},
): BuiltWorker {
  return {
    configPath: "wrangler.toml",
    ...(wrapper === undefined ? {} : { wrapper }),
    hasAssets,
    vars: {
      STYTCH_PROJECT_ID: PROJECT_ID,
      STYTCH_SECRET: UPSTREAM_SECRET,
      STYTCH_BASE_URL: sandboxUrl,
      KEY_SECRET,
      ADMIN_TOKEN,
      LOG_HIT_SAMPLE_RATE: "1",
      ...vars,
    },
  };
}

/** Starts what needs the sandbox; again, with another port, if somebody takes the port before the sandbox does. */
export async function startWithSandbox<T>(
  start: (sandbox: BuiltWorker, sandboxUrl: string) => Promise<T>,
): Promise<T> {
  const port = await findSandboxPort();
  const vars = { STYTCH_PROJECT_ID: PROJECT_ID, STYTCH_SECRET: UPSTREAM_SECRET };
  try {
    return await start({ configPath: "sandbox/wrangler.toml", vars, port }, `http://127.0.0.1:${port}`);
  } catch (error) {
    if (!(error instanceof PortTakenError)) throw error;
    return await startWithSandbox(start);
  }
}

/** Starts both on any free ports, with nothing stored from earlier runs. `vars` override the default configuration. */
export async function startSandboxedPostern(
  vars: Record<string, string> = {},
  options: Options = {},
): Promise<SandboxedPostern> {
  const lines: string[] = [];
  const start = options.inspect ? serveInspected : serveBoth;
  return await startWithSandbox(async (sandbox, sandboxUrl) => {
    const built = builtPostern(vars, sandboxUrl, options);
    const running = await start(built, sandbox, (line) => void lines.push(line));
    return withControls(running, vars, sandboxUrl, lines);
  });
}

/**
 * As `startSandboxedPostern`, for several deployments in one runtime, which takes a fraction of several starts. They
 * share the sandbox and the log, and nothing that they store; to stop one of them stops all.
 */
export async function startSandboxedPosterns<Name extends string>(
  varsByName: Readonly<Record<Name, Record<string, string>>>,
): Promise<Record<Name, SandboxedPostern>> {
  const lines: string[] = [];
  const deployments = Object.entries<Record<string, string>>(varsByName);
  return await startWithSandbox(async (sandbox, sandboxUrl) => {
    const built = deployments.map(([name, vars]) => [name, builtPostern(vars, sandboxUrl)] as const);
    const workers: Record<string, BuiltWorker> = { ...Object.fromEntries(built), sandbox };
    const { origins, stop } = await serveBuilt(workers, (line) => void lines.push(line));
    let stopping: Promise<void> | undefined;
    const stopAll = async () => {
      stopping ??= stop();
      await stopping;
    };
    return Object.fromEntries(
      deployments.map(([name, vars]) => {
        const running = { url: String(origins[name]), stop: stopAll };
        return [name, withControls(running, vars, sandboxUrl, lines)];
      }),
    ) as Record<Name, SandboxedPostern>;
  });
}

function withControls(
  postern: Running,
  vars: Readonly<Record<string, string>>,
  sandboxUrl: string,
  lines: string[],
): SandboxedPostern {
  const { url } = postern;

  async function admin(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(url + path, {
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
    return response;
  }
  async function control(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(`${sandboxUrl}/_sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
  }
  return {
    url,
    sandboxUrl,
    control,
    admin,
    createKey: async (scopes, fields = {}) => {
      const created = await admin("POST", "/admin/keys", { name: "e2e", scopes, ...fields });
      return ((await created.json()) as { key: string }).key;
    },
    upstreamCalls: async () => {
      const seen = (await (await fetch(`${sandboxUrl}/_sandbox/requests`)).json()) as { total: number };
      await control("DELETE", "requests");
      return seen.total;
    },
    logs: () => lines,
    inspector: postern.inspector,
    stop: async () => {
      await postern.stop();
      const secrets = [...SECRETS, ...Object.values(vars).filter((value) => value.startsWith("whsec_"))];
      const leaking = lines.filter((line) => isLeaking(line, secrets));
      if (leaking.length > 0) {
        throw new Error(`${leaking.length} log lines contain a secret, a key or a member's data`);
      }
    },
  };
}
