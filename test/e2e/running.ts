/** Postern and the sandbox, built and served on real sockets, as `npm start` and a deployment have them. */
import { members } from "../../sandbox/seed.ts";
import { serve } from "../../scripts/serve.ts";
import { ADMIN_TOKEN, KEY_SECRET, PROJECT_ID, SECRETS, UPSTREAM_SECRET } from "./secrets.ts";

const KEY = /pst_(?:test|live)_[0-9a-z]{16}_[0-9a-z]{50,64}/;

/** No line may hold a secret, a key or a member's data. */
function isLeaking(line: string, secrets: readonly string[]): boolean {
  const isMembers = members.some(({ email_address }) => line.includes(String(email_address)));
  return isMembers || KEY.test(line) || secrets.some((secret) => line.includes(secret));
}

export interface Running {
  readonly url: string;
  readonly sandboxUrl: string;
  /** A call of the admin API that has to succeed. */
  admin(method: string, path: string, body?: object): Promise<Response>;
  createKey(scopes: readonly string[], fields?: object): Promise<string>;
  /** How many calls the sandbox has had since the last time. */
  upstreamCalls(): Promise<number>;
  /** A control of the sandbox: sandbox/control.ts. */
  control(method: string, path: string, body?: object): Promise<void>;
  logs(): string[];
  /** Of Postern's debugger, where `inspect` asked for one. */
  readonly inspector: URL | undefined;
  stop(): Promise<void>;
}

export async function run(vars: Record<string, string> = {}, inspect = false): Promise<Running> {
  const lines: string[] = [];
  const sandbox = await serve("sandbox/wrangler.toml", {
    port: 0,
    vars: {},
    persist: false,
    onLine: () => {},
  });
  const sandboxUrl = sandbox.origin;
  const settings = {
    STYTCH_PROJECT_ID: PROJECT_ID,
    STYTCH_SECRET: UPSTREAM_SECRET,
    STYTCH_BASE_URL: sandboxUrl,
    KEY_SECRET,
    ADMIN_TOKEN,
    LOG_HIT_SAMPLE_RATE: "1",
    ...vars,
  };
  const onLine = (line: string) => void lines.push(line);
  const postern = await serve("wrangler.toml", { port: 0, vars: settings, persist: false, inspect, onLine });
  const url = postern.origin;

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
      await sandbox.stop();
      const secrets = [...SECRETS, ...Object.values(vars).filter((value) => value.startsWith("whsec_"))];
      const leaking = lines.filter((line) => isLeaking(line, secrets));
      if (leaking.length > 0) throw new Error(`${leaking.length} log lines hold what none may`);
    },
  };
}
