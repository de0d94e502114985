/**
 * The deployment under test: isolates that share KV and objects, with counts of their reads, writes and object calls.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import type { Scope } from "../../src/keys/record.ts";
import { createWorker } from "../../src/worker.ts";
import { guardResponse } from "./egress.ts";
import { TEST_VARS } from "./vars.ts";

/** When an object has begun the writes to KV that an answer causes, in ms after that. */
const KV_WRITES_BEGUN_MS = 2;
/** The real one, whatever a test has put in its place. */
const wait = scheduler.wait.bind(scheduler);

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
  /** Sent as it is, in place of `body`. */
  readonly stream?: ReadableStream<Uint8Array>;
  /** What Cloudflare Access says of the caller. */
  readonly access?: CloudflareAccessContext;
}

export interface TestIsolate {
  /** What the isolate has read, written and called since the last `resetCounts`. */
  counts: Counts;
  resetCounts(): void;
  /** Resolves when all work in the background is done too. */
  call(path: string, options?: CallOptions): Promise<Response>;
  /** Resolves with the response, and does not wait for work in the background. */
  callUntilResponse(path: string, options?: CallOptions): Promise<Response>;
  /** Resolves when the work in the background of such calls is done. */
  settle(): Promise<void>;
  /** A call of the admin API with the admin token. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
}

/**
 * Creates an isolate with nothing in memory. `overrides` replace variables and bindings of the Worker, but not of the
 * objects.
 */
export function createIsolate(overrides: Record<string, unknown> = {}): TestIsolate {
  const worker = createWorker(() => 0);
  let unsettled: ExecutionContext[] = [];
  const isolate: TestIsolate = {
    counts: noCounts(),
    resetCounts: () => {
      isolate.counts = noCounts();
    },
    call: async (path, options) => await send(path, options, true),
    callUntilResponse: async (path, options) => await send(path, options, false),
    settle: async () => {
      const contexts = unsettled;
      unsettled = [];
      await Promise.all(contexts.map(async (context) => await waitOnExecutionContext(context)));
    },
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
      body: options.stream ?? (body === null || typeof body === "string" ? body : JSON.stringify(body)),
    });
    const context = createExecutionContext();
    if (options.access !== undefined) Object.defineProperty(context, "access", { value: options.access });
    const reads = isolate.counts.objects["read"];
    const response = await worker.fetch(request, env as Env, context);
    // A test that goes on may stop the time, or evict the object.
    if (isolate.counts.objects["read"] !== reads || overrides["ORGANIZATION"] !== undefined)
      await wait(KV_WRITES_BEGUN_MS);
    if (whole) await waitOnExecutionContext(context);
    else unsettled.push(context);
    const mayHoldKey = response.ok && options.method === "POST" && /^\/(?:admin\/keys|handover)/.test(path);
    return await guardResponse(request, response, mayHoldKey);
  }
  return isolate;
}

/** Creates a key by the admin API, with these scopes and other fields. */
export async function createKey(
  isolate: TestIsolate,
  scopes: readonly Scope[] = ["organizations:read"],
  fields: Record<string, unknown> = {},
): Promise<{ key: string; keyId: string }> {
  const response = await isolate.admin("POST", "/admin/keys", { name: "Test", scopes, ...fields });
  if (response.status !== 201) throw new Error(`no key: ${response.status} ${await response.text()}`);
  const { key, key_id } = await response.json<{ key: string; key_id: string }>();
  return { key, keyId: key_id };
}

const noCounts = (): Counts => ({ kvReads: 0, kvWrites: 0, objects: {} });

function counted(real: Cloudflare.Env, isolate: TestIsolate): Env {
  return {
    ...real,
    ORGANIZATIONS: countedKv(real.ORGANIZATIONS, isolate),
    API_KEY: countedObjects(real.API_KEY, isolate),
    ORGANIZATION: countedObjects(real.ORGANIZATION, isolate),
    DIRECTORY: countedObjects(real.DIRECTORY, isolate),
    PUBLIC_KEYS: countedObjects(real.PUBLIC_KEYS, isolate),
    // All tests come from one address.
    FAILED_AUTH_LIMITER: { limit: async () => ({ success: true }) },
  };
}

function countedKv(kv: KVNamespace, isolate: TestIsolate): KVNamespace {
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

function countedObjects<T extends object>(namespace: T, isolate: TestIsolate): T {
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

function countedStub(stub: object, isolate: TestIsolate): object {
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
