/**
 * Counts the operations of the platform that a Worker and its objects use, and gives them a virtual clock. It patches
 * the prototypes of the isolate's bindings, so it works for any Worker.
 */
import { createSandbox } from "../../sandbox/app.ts";
import type { Operations } from "../../src/metrics/prices.ts";
import type { TimedRequest } from "../timed-request.ts";

const noOperations = (): Operations => ({
  kvReads: 0,
  kvWrites: 0,
  objectCalls: 0,
  rowsRead: 0,
  rowsWritten: 0,
  upstreamCalls: 0,
});

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Handler = (request: Request, isolate: number, context: ExecutionContext) => Promise<Response>;

let operations = noOperations();
let now = 1_800_000_000_000;

/** Patches the methods of `target`'s prototype: each call adds `amountOf` its result to `kind`, by default 1. */
function countMethods(
  target: object,
  names: readonly string[],
  kind: keyof Operations,
  amountOf = (_result: unknown) => 1,
): void {
  const prototype = Object.getPrototypeOf(target) as Record<string, unknown>;
  for (const name of names) {
    const original = prototype[name];
    if (typeof original !== "function") continue;
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      const result = (original as Method).apply(this, args);
      operations[kind] += amountOf(result);
      return result;
    };
  }
}

const installed = new Set<string>();
function installOnce(name: string, install: () => void): void {
  if (installed.has(name)) return;
  installed.add(name);
  install();
}

/** To be called in the constructor of each object. */
export function countStorage({ storage }: DurableObjectState): void {
  installOnce("storage", () => {
    countMethods(storage, ["get"], "rowsRead");
    countMethods(storage, ["put", "delete", "setAlarm", "deleteAlarm"], "rowsWritten");
    countMethods(storage.kv, ["get", "list"], "rowsRead");
    // Deleting a key that does not exist costs no write.
    countMethods(storage.kv, ["delete"], "rowsWritten", (isDeleted) => Number(isDeleted === true));
    countMethods(storage.kv, ["put"], "rowsWritten");
  });
}

function countBindings(env: object): void {
  for (const binding of Object.values(env) as object[]) {
    if (binding.constructor.name === "KvNamespace") {
      installOnce("kv", () => {
        countMethods(binding, ["get", "getWithMetadata"], "kvReads");
        countMethods(binding, ["put", "delete"], "kvWrites");
      });
    }
    if (binding.constructor.name === "DurableObjectNamespace") {
      installOnce("objects", () => countObjectCalls(binding));
    }
  }
}

function countObjectCalls(namespace: object): void {
  const prototype = Object.getPrototypeOf(namespace) as Record<string, Method>;
  for (const name of ["get", "getByName"]) {
    const original = prototype[name];
    if (original === undefined) continue;
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      return new Proxy(original.apply(this, args) as object, {
        get(stub, property) {
          const member: unknown = Reflect.get(stub, property);
          if (typeof member !== "function") return member;
          return (...callArgs: unknown[]) => {
            operations.objectCalls += 1;
            return (member as Method)(...callArgs);
          };
        },
      });
    };
  }
}

/** Replaces Stytch with the sandbox, in this isolate and without latency. */
function countUpstream(env: { readonly STYTCH_PROJECT_ID: string; readonly STYTCH_SECRET: string }): void {
  const sandbox = createSandbox();
  globalThis.fetch = async (input, init) => {
    operations.upstreamCalls += 1;
    return await sandbox.fetch(new Request(input, init), env);
  };
}

/**
 * `POST /_run` sends a list of requests to the Worker, one after the other, and responds with their statuses. Each
 * includes its background work. `POST /_burst` sends them at once. `GET /_count` responds with the operations since the last count. The Worker itself
 * handles every other request.
 */
export async function handleCounted(
  request: Request,
  env: { readonly STYTCH_PROJECT_ID: string; readonly STYTCH_SECRET: string },
  handler: Handler,
): Promise<Response> {
  installOnce("clock", () => {
    Date.now = () => now;
    countBindings(env);
    countUpstream(env);
  });
  const { origin, pathname } = new URL(request.url);
  if (pathname === "/_count") {
    const counted = operations;
    operations = noOperations();
    return Response.json(counted);
  }
  if (pathname !== "/_run" && pathname !== "/_burst") return await handleToEnd(handler, request, 0);
  const send = async ({ ms, isolate, path, headers }: TimedRequest): Promise<number> => {
    now = ms;
    const response = await handleToEnd(handler, new Request(origin + path, { headers }), isolate);
    await response.arrayBuffer();
    return response.status;
  };
  const requests = await request.json<TimedRequest[]>();
  if (pathname === "/_burst") return Response.json(await Promise.all(requests.map(send)));
  const statuses: number[] = [];
  for (const one of requests) statuses.push(await send(one));
  return Response.json(statuses);
}

/** Resolves when the background work of the request is over, too. */
async function handleToEnd(handler: Handler, request: Request, isolate: number): Promise<Response> {
  const background: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void background.push(work),
    passThroughOnException: () => {},
    props: {},
  } as unknown as ExecutionContext;
  const response = await handler(request, isolate, context);
  while (background.length > 0) await Promise.allSettled(background.splice(0));
  return response;
}
