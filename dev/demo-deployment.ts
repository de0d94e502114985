/** The local Postern and its sandbox as the demo uses them: through the routes that everybody has. */
import { DEMO_CALLERS, DEMO_MEMBERS } from "./demo-callers.ts";

/** How long Stytch takes to answer, in the demo. */
const USUAL_LATENCY_MS = 60;
const TIMEOUT_MS = 15_000;

export interface DemoTarget {
  readonly url: string;
  readonly adminToken: string;
  readonly sandboxUrl: string;
}

interface DemoKey {
  readonly keyId: string;
  readonly key: string;
}

export interface DemoDeployment {
  /** Calls the admin API. Throws if the answer is not 2xx. */
  admin(method: string, path: string, body?: object): Promise<unknown>;
  /** Calls a control of the sandbox. Throws if the answer is not 2xx. */
  control(method: string, path: string, body?: object): Promise<unknown>;
  /** Reads as a caller does, and returns the status. Throws if there is no answer. */
  read(path: string, credential: string | null, headers?: Readonly<Record<string, string>>): Promise<number>;
  /** The key of a caller. Throws before `prepare` has made it. */
  keyOf(caller: string): DemoKey;
  rotate(caller: string, overlapSeconds: number): Promise<void>;
  /** The session JWT of a member. */
  sessionOf(member: number): string;
  /** Ends the sandbox's faults, and gives it its usual latency. */
  recover(): Promise<void>;
  /** Issues the keys, signs the members in and allows their sessions. `endsAt`: when a key for a while expires. */
  prepare(endsAt: string): Promise<void>;
  /** Leaves the sandbox as it was at the start. */
  cleanUp(): Promise<void>;
}

/** No I/O yet. Once `signal` is aborted, every call rejects. */
export function createDemoDeployment(target: DemoTarget, signal: AbortSignal): DemoDeployment {
  const keys = new Map<string, DemoKey>();
  const sessions: string[] = [];

  async function send(url: string, method: string, headers: Record<string, string>, body?: object) {
    const response = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }
  async function sendOrThrow(url: string, method: string, headers: Record<string, string>, body?: object) {
    const { status, text } = await send(url, method, headers, body);
    if (status >= 300) throw new Error(`${method} ${new URL(url).pathname} was answered with ${status}`);
    return text === "" ? null : (JSON.parse(text) as unknown);
  }
  const admin: DemoDeployment["admin"] = async (method, path, body) =>
    await sendOrThrow(target.url + path, method, { Authorization: `Bearer ${target.adminToken}` }, body);
  const control: DemoDeployment["control"] = async (method, path, body) =>
    await sendOrThrow(`${target.sandboxUrl}/_sandbox/${path}`, method, {}, body);

  function keep(caller: string, issued: unknown): void {
    const { key_id: keyId, key } = issued as { key_id: string; key: string };
    keys.set(caller, { keyId, key });
  }

  /** The key of an earlier demo is used again: only a rotation tells what it is. */
  async function issueKey(name: string, policy: Readonly<Record<string, unknown>>): Promise<void> {
    const query = new URLSearchParams({ q: name, status: "active", limit: "200" });
    const list = (await admin("GET", `/admin/keys?${query}`)) as { keys: { key_id: string; name: string }[] };
    const known = list.keys.find((key) => key.name === name);
    if (known === undefined) keep(name, await admin("POST", "/admin/keys", { name, ...policy }));
    else keep(name, await admin("POST", `/admin/keys/${known.key_id}/rotate`, {}));
  }

  async function allowSessions(): Promise<void> {
    const { status } = await send(`${target.url}/admin/session-policy`, "GET", {
      Authorization: `Bearer ${target.adminToken}`,
    });
    if (status !== 404) return;
    const rate_limit = { limit: 60, period_seconds: 60 };
    await admin("PUT", "/admin/session-policy", { scopes: ["organizations:read"], rate_limit });
  }

  const keyOf: DemoDeployment["keyOf"] = (caller) => {
    const key = keys.get(caller);
    if (key === undefined) throw new Error(`The demo has no key ${caller}.`);
    return key;
  };
  const recover = async () => {
    await control("DELETE", "faults");
    await control("PUT", "latency", { ms: USUAL_LATENCY_MS });
  };
  return {
    admin,
    control,
    keyOf,
    recover,
    read: async (path, credential, headers = {}) => {
      const authorization = credential === null ? {} : { Authorization: `Bearer ${credential}` };
      return (await send(target.url + path, "GET", { ...headers, ...authorization })).status;
    },
    rotate: async (caller, overlap_seconds) =>
      keep(caller, await admin("POST", `/admin/keys/${keyOf(caller).keyId}/rotate`, { overlap_seconds })),
    sessionOf: (member) => sessions[member] ?? "",
    prepare: async (endsAt) => {
      for (const caller of DEMO_CALLERS) await issueKey(caller.name, caller.policy(endsAt));
      await allowSessions();
      for (const { member_id } of DEMO_MEMBERS) {
        const { session_jwt } = (await control("POST", "sessions", { member_id })) as { session_jwt: string };
        sessions.push(session_jwt);
      }
      await recover();
    },
    cleanUp: async () => {
      await control("DELETE", "faults");
      await control("PUT", "latency", { ms: 0 });
    },
  };
}
