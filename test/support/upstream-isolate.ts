/** The set-up of the tests of calls to Stytch: a fake upstream, an isolate, and a key for both uncached and cached reads. */
import { beforeEach } from "vitest";
import { type Clock, useClock } from "./clock.ts";
import { createIsolate, createKey, type TestIsolate } from "./deployment.ts";
import { json, stubUpstream, type Upstream } from "./upstream.ts";

/** Knows no object until a test makes it answer otherwise. */
export let upstream: Upstream;
export let isolate: TestIsolate;
export let key: string;

/** Sets all of this up before each test of a file, and returns its clock. */
export function useUpstream(): Clock {
  const clock = useClock();
  beforeEach(async () => {
    upstream = stubUpstream();
    isolate = createIsolate();
    ({ key } = await createKey(isolate, [
      "organizations:read",
      "members:dangerously_get",
      "members:include_deleted",
    ]));
  });
  return clock;
}

export const read = async (path: string) => await isolate.call(path, { key });

/** A 429 with this `Retry-After`; null: without one. */
export const limited =
  (retryAfter: string | null = "30") =>
  () =>
    json({ error_type: "too_many_requests" }, 429, retryAfter === null ? {} : { "Retry-After": retryAfter });
