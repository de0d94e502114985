/**
 * Counts what a Worker and its objects ask of the platform, and gives them a clock that is set by hand. It changes the prototypes of the isolate, so it counts
 * whoever asks, and knows nothing of who that is.
 */
import { createSandbox } from "../../sandbox/app.ts";
import type { Operations } from "../prices.ts";
import type { Timed } from "../timed.ts";

const none = (): Operations => ({
  kvReads: 0,
  kvWrites: 0,
  objectCalls: 0,
  rowsRead: 0,
  rowsWritten: 0,
  upstreamCalls: 0,
});

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Handler = (request: Request, isolate: number, context: ExecutionContext) => Promise<Response>;

let counted = none();
let now = 1_800_000_000_000;

/** Makes every call of these methods count. */
function count(
  target: object,
  names: readonly string[],
  kind: keyof Operations,
  by = (_result: unknown) => 1,
): void {
  const prototype = Object.getPrototypeOf(target) as Record<string, unknown>;
  for (const name of names) {
    const real = prototype[name];
    if (typeof real !== "function") continue;
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      const result = (real as Method).apply(this, args);
      counted[kind] += by(result);
      return result;
    };
  }
}

const installed = new Set<string>();
function once(what: string, install: () => void): void {
  if (installed.has(what)) return;
  installed.add(what);
  install();
}

/** For each object as it begins. */
export function countStorage({ storage }: DurableObjectState): void {
  once("storage", () => {
    count(storage, ["get"], "rowsRead");
    count(storage, ["put", "delete", "setAlarm", "deleteAlarm"], "rowsWritten");
    count(storage.kv, ["get", "list"], "rowsRead");
    // A key that is not there costs no write.
    count(storage.kv, ["delete"], "rowsWritten", (isDeleted) => Number(isDeleted === true));
    count(storage.kv, ["put"], "rowsWritten");
  });
}

function countBindings(env: object): void {
  for (const binding of Object.values(env) as object[]) {
    if (binding.constructor.name === "KvNamespace") {
      once("kv", () => {
        count(binding, ["get", "getWithMetadata"], "kvReads");
        count(binding, ["put", "delete"], "kvWrites");
      });
    }
    if (binding.constructor.name === "DurableObjectNamespace") once("objects", () => countCalls(binding));
  }
}

function countCalls(namespace: object): void {
  const prototype = Object.getPrototypeOf(namespace) as Record<string, Method>;
  for (const name of ["get", "getByName"]) {
    const real = prototype[name];
    if (real === undefined) continue;
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      return new Proxy(real.apply(this, args) as object, {
        get(stub, method) {
          const member: unknown = Reflect.get(stub, method);
          if (typeof member !== "function") return member;
          return (...given: unknown[]) => {
            counted.objectCalls += 1;
            return (member as Method)(...given);
          };
        },
      });
    };
  }
}

/** Answers for Stytch: the sandbox, in this isolate and at once. */
function countUpstream(env: { readonly STYTCH_PROJECT_ID: string; readonly STYTCH_SECRET: string }): void {
  const sandbox = createSandbox();
  globalThis.fetch = async (input, init) => {
    counted.upstreamCalls += 1;
    return await sandbox.fetch(new Request(input, init), env);
  };
}

/**
 * `POST /_run` makes a list of requests of the Worker, one after the other, and answers their statuses; each is over when what goes on behind its answer
 * is. `GET /_count` tells what has been counted since it was asked last. Any other request is the Worker's own.
 */
export async function counting(
  request: Request,
  env: { readonly STYTCH_PROJECT_ID: string; readonly STYTCH_SECRET: string },
  handle: Handler,
): Promise<Response> {
  once("clock", () => {
    Date.now = () => now;
    countBindings(env);
    countUpstream(env);
  });
  const { origin, pathname } = new URL(request.url);
  if (pathname === "/_count") {
    const operations = counted;
    counted = none();
    return Response.json(operations);
  }
  if (pathname !== "/_run") return await whole(handle, request, 0);
  const statuses: number[] = [];
  for (const { ms, isolate, path, headers } of await request.json<Timed[]>()) {
    now = ms;
    const answer = await whole(handle, new Request(origin + path, { headers }), isolate);
    await answer.arrayBuffer();
    statuses.push(answer.status);
  }
  return Response.json(statuses);
}

async function whole(handle: Handler, request: Request, isolate: number): Promise<Response> {
  const behind: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void behind.push(work),
    passThroughOnException: () => {},
    props: {},
  } as unknown as ExecutionContext;
  const response = await handle(request, isolate, context);
  while (behind.length > 0) await Promise.allSettled(behind.splice(0));
  return response;
}
