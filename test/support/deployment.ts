/** A deployment under test: one configuration, any number of isolates, and a count of everything that they ask for. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import type { Scope } from "../../src/keys/record.ts";
import { createWorker } from "../../src/worker.ts";
import { guarded } from "./guard.ts";
import { TEST_VARS } from "./vars.ts";

export interface Counts {
  kvReads: number;
  kvWrites: number;
  /** Calls of Durable Objects, by method. */
  objects: Record<string, number>;
}

interface CallOptions {
  readonly key?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export interface Isolate {
  /** Since the last `resetCounts`. */
  counts: Counts;
  resetCounts(): void;
  /** Answers when the request is over, work behind the answer included. */
  call(path: string, options?: CallOptions): Promise<Response>;
  /** Answers with the answer: what goes on behind it is not waited for. */
  callOnly(path: string, options?: CallOptions): Promise<Response>;
  admin(method: string, path: string, body?: unknown): Promise<Response>;
}

/** An isolate of its own: nothing in memory. `overrides` replace variables and bindings of the Worker, not of the objects. */
export function newIsolate(overrides: Record<string, unknown> = {}): Isolate {
  const app = createWorker(() => 0);
  const isolate: Isolate = {
    counts: noCounts(),
    resetCounts: () => {
      isolate.counts = noCounts();
    },
    call: async (path, options) => await send(path, options, true),
    callOnly: async (path, options) => await send(path, options, false),
    admin: async (method, path, body) =>
      await isolate.call(path, {
        method,
        headers: { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` },
        ...(body === undefined ? {} : { body }),
      }),
  };
  const env = { ...counted(bindings, isolate), ...overrides };

  async function send(path: string, options: CallOptions = {}, whole: boolean): Promise<Response> {
    const headers = new Headers(options.headers);
    if (options.key !== undefined) headers.set("Authorization", `Bearer ${options.key}`);
    const body = options.body === undefined ? null : options.body;
    const request = new Request(`https://postern.test${path}`, {
      method: options.method ?? "GET",
      headers,
      body: body === null || typeof body === "string" ? body : JSON.stringify(body),
    });
    const context = createExecutionContext();
    const response = await app.fetch(request, env as Env, context);
    if (whole) await waitOnExecutionContext(context);
    const mayHoldKey = response.ok && options.method === "POST" && path.startsWith("/admin/keys");
    return await guarded(response, mayHoldKey);
  }
  return isolate;
}

/** A key with these scopes, issued as an operator does it. */
export async function mint(
  isolate: Isolate,
  scopes: readonly Scope[],
  fields: Record<string, unknown> = {},
): Promise<{ key: string; keyId: string }> {
  const response = await isolate.admin("POST", "/admin/keys", { name: "Test", scopes, ...fields });
  if (response.status !== 201) throw new Error(`no key: ${response.status} ${await response.text()}`);
  const { key, key_id } = await response.json<{ key: string; key_id: string }>();
  return { key, keyId: key_id };
}

const noCounts = (): Counts => ({ kvReads: 0, kvWrites: 0, objects: {} });

function counted(real: Cloudflare.Env, isolate: Isolate): Env {
  return {
    ...real,
    ORGANIZATIONS: countedKv(real.ORGANIZATIONS, isolate),
    API_KEY: countedObjects(real.API_KEY, isolate),
    ORGANIZATION: countedObjects(real.ORGANIZATION, isolate),
    DIRECTORY: countedObjects(real.DIRECTORY, isolate),
    // All tests come from one address.
    FAILED_AUTH_LIMITER: { limit: async () => ({ success: true }) },
  };
}

function countedKv(kv: KVNamespace, isolate: Isolate): KVNamespace {
  return new Proxy(kv, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "put" || name === "delete") isolate.counts.kvWrites += 1;
        else isolate.counts.kvReads += 1;
        return member.apply(target, args) as unknown;
      };
    },
  });
}

function countedObjects<T extends object>(namespace: T, isolate: Isolate): T {
  return new Proxy(namespace, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = member.apply(target, args);
        return name === "getByName" || name === "get" ? countedStub(result as object, isolate) : result;
      };
    },
  });
}

function countedStub(stub: object, isolate: Isolate): object {
  return new Proxy(stub, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function" || typeof name !== "string") return member;
      return (...args: unknown[]) => {
        isolate.counts.objects[name] = (isolate.counts.objects[name] ?? 0) + 1;
        return (member as (...given: unknown[]) => unknown)(...args);
      };
    },
  });
}
