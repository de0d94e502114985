/** Bindings that fail, hang or lag, for `createIsolate`. The objects of the deployment keep the real bindings. */
import { env } from "cloudflare:workers";
import { TEST_VARS } from "./vars.ts";

type ReadKv = (key: string, ...options: unknown[]) => Promise<{ value: unknown; metadata: unknown }>;

const failure = () => new Error("the platform fails");
const hang = () => new Promise<never>(() => {});
const read: ReadKv = async (key) => await env.ORGANIZATIONS.getWithMetadata(key, "arrayBuffer");
const kv = (getWithMetadata: ReadKv) => ({ getWithMetadata });

/** Fakes of the binding `ORGANIZATIONS`, for example `createIsolate({ ORGANIZATIONS: kvThat.fails() })`. */
export const kvThat = {
  isEmpty: () => kv(async () => ({ value: null, metadata: null })),
  fails: () => kv(async () => await Promise.reject(failure())),
  hangs: () => kv(hang),
  /** Asked before each read: real KV answers while `isDown` is false. */
  failsIf: (isDown: () => boolean) =>
    kv(async (key) => await (isDown() ? Promise.reject(failure()) : read(key))),

  /**
   * KV as another location may see it for a minute: the values that these identifiers have at the time of this call, later
   * writes ignored. Without identifiers, an empty namespace.
   */
  async lags(...identifiers: unknown[]) {
    const seen = new Map<string, { value: ArrayBuffer | null; metadata: unknown }>();
    for (const identifier of identifiers) {
      const key = `organization:${TEST_VARS.STYTCH_PROJECT_ID}:${identifier}`;
      seen.set(key, await env.ORGANIZATIONS.getWithMetadata(key, "arrayBuffer"));
    }
    return kv(async (key) => {
      const { value = null, metadata = null } = seen.get(key) ?? {};
      return { value: value?.slice(0) ?? null, metadata };
    });
  },
};

/** A namespace of which every object answers every method with `answer`. */
const objects = (answer: (method: string) => Promise<unknown>) => ({
  getByName: () =>
    new Proxy(
      {},
      // A stub that had `then` would be a promise to `await`.
      { get: (_, method) => (method === "then" ? undefined : () => answer(String(method))) },
    ),
});

/** Fakes of a binding of Durable Objects, for example `createIsolate({ DIRECTORY: objectsThat.fail() })`. */
export const objectsThat = {
  /** Every call rejects with `error`. */
  fail: (error: Error = failure()) => objects(async () => await Promise.reject(error)),
  hang: () => objects(hang),
  /** Asked at each `getByName`: the real objects answer while `isDown` is false. */
  failIf: <T extends { getByName(name: string): object }>(real: T, isDown: () => boolean) => ({
    getByName: (name: string) => (isDown() ? objectsThat.fail().getByName() : real.getByName(name)),
  }),

  /** The first call of an object is made, and its answer is lost: the object is reset, as when its code is updated. */
  loseFirstAnswer: <T extends { getByName(name: string): object }>(real: T) => {
    let isLost = false;
    return {
      getByName: (name: string) =>
        new Proxy(real.getByName(name), {
          get:
            (stub, method) =>
            async (...args: unknown[]) => {
              // A method of a stub has to be called on the stub, and not applied to it.
              const answer = await (stub as Record<PropertyKey, (...given: unknown[]) => unknown>)[method]?.(
                ...args,
              );
              if (isLost) return answer;
              isLost = true;
              throw Object.assign(new Error("reset"), { durableObjectReset: true, retryable: true });
            },
        }),
    };
  },
};
