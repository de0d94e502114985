/** Objects of keys whose answers a test observes, delays or replaces. */
import { env } from "cloudflare:workers";
import type { ApiKey } from "../../src/keys/api-key.ts";

export type LeaseArguments = Parameters<ApiKey["lease"]>;
export type LeaseAnswer = Awaited<ReturnType<ApiKey["lease"]>>;

/** Overrides for `createIsolate`. `onLease` answers each call of `lease`; it may call the real object by `askObject`. */
export const keyObjects = (
  onLease: (askObject: () => Promise<LeaseAnswer>, leaseArguments: LeaseArguments) => Promise<unknown>,
) => ({
  API_KEY: {
    getByName: (name: string) => ({
      lease: async (...leaseArguments: LeaseArguments) =>
        await onLease(
          async () => (await env.API_KEY.getByName(name).lease(...leaseArguments)) as LeaseAnswer,
          leaseArguments,
        ),
    }),
  },
});

/** Overrides for `createIsolate`: the objects of keys reject while `isDown` returns true. */
export const failingIf = (isDown: () => boolean) =>
  keyObjects(async (askObject) => {
    if (isDown()) throw new Error("unreachable");
    return await askObject();
  });
