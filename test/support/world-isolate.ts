/** The set-up of the tests of what belongs to an organization or project: a fake Stytch, an isolate, and a key. */
import { beforeEach } from "vitest";
import type { Scope } from "../../src/keys/record.ts";
import type { Json } from "./bodies.ts";
import { type Clock, useClock } from "./clock.ts";
import { createIsolate, createKey, type TestIsolate } from "./deployment.ts";
import { createStytchWorld, type StytchWorld } from "./stytch-world.ts";

export const BASE = "/v1/b2b/organizations";

export let world: StytchWorld;
/** It has made no call but that for the key. */
export let isolate: TestIsolate;
/** With the scopes that the file asked for; none if it asked for none. */
export let key: string;

/** Sets all of this up before each test of a file, and returns its clock. */
export function useWorld(...scopes: readonly Scope[]): Clock {
  const clock = useClock();
  beforeEach(async () => {
    world = createStytchWorld();
    // All tests share the project, and with it the one entry of its policy.
    await createIsolate().admin("POST", "/admin/cache/purge", { rbac_policy: true });
    isolate = createIsolate();
    if (scopes.length > 0) ({ key } = await createKey(isolate, scopes));
  });
  return clock;
}

export const metricsPath = (name: string = world.organizationId) =>
  `${BASE}/${encodeURIComponent(name)}/metrics`;
export const read = async (path: string, reader = isolate, by = key) => await reader.call(path, { key: by });
export const countIn = async (response: Response) => (await response.json<Json>())["member_count"];
