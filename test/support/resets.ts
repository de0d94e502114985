/** Objects that lose their memory and the calls under way in them, as an upgrade makes them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";

/**
 * Resets running objects, all at once. The error that their callers get has `durableObjectReset`, as it does on
 * Cloudflare when code is updated. Storage stays.
 */
export async function resetObjects(stubs: readonly DurableObjectStub[]): Promise<void> {
  const resets = stubs.map((stub) =>
    runInDurableObject(stub, (_, state) => state.abort("Durable Object reset because its code was updated.")),
  );
  // The call that resets an object is cut off, too.
  await Promise.allSettled(resets);
}

/** Evicts those of the objects that run, once they have answered what is under way in them. */
export async function evictObjects(stubs: readonly DurableObjectStub[]): Promise<void> {
  await Promise.allSettled(stubs.map(async (stub) => await evictDurableObject(stub)));
}

/** Bindings of objects for `createIsolate`, and how many calls a reset has cut off, by the object's method. */
export function observeResets(bindings: Record<string, object>): {
  readonly bindings: Record<string, object>;
  readonly cutOff: ReadonlyMap<string, number>;
} {
  const cutOff = new Map<string, number>();
  const count = (method: string) => (error: unknown) => {
    const { durableObjectReset } = error as { durableObjectReset?: unknown };
    if (durableObjectReset === true) cutOff.set(method, (cutOff.get(method) ?? 0) + 1);
    throw error;
  };
  const observed = Object.entries(bindings).map(([name, namespace]) => [
    name,
    wrapCalls(namespace, (stub) =>
      wrapCalls(stub as object, (call, method) => (call as Promise<unknown>).catch(count(method))),
    ),
  ]);
  return { bindings: Object.fromEntries(observed), cutOff };
}

/** An object whose methods return what `wrap` makes of their results. */
function wrapCalls<T extends object>(real: T, wrap: (result: unknown, method: string) => unknown): T {
  return new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function" || typeof name !== "string") return member;
      // A method of a stub has to be called on the stub, and not applied to it.
      return (...args: unknown[]) =>
        wrap((target as Record<string, (...given: unknown[]) => unknown>)[name]?.(...args), name);
    },
  });
}
