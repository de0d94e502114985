/**
 * What a key that is bound to organizations causes when it asks for what belongs to another: the metrics, apps, policy
 * or members of another's organization cost and look like those of one that nobody has, whatever others have read.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { CACHED_OPERATIONS, MEMBER_OPERATIONS } from "../../src/api/operations.ts";
import { SCOPES } from "../../src/keys/record.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { skipRetryDelays } from "../support/failing-upstream.ts";
import { observeCall } from "../support/observe-call.ts";
import { createStytchWorld, pathInWorld, type StytchWorld } from "../support/stytch-world.ts";
import { stytchError } from "../support/upstream.ts";

const clock = useClock();
const OF_ORGANIZATION = [...CACHED_OPERATIONS, ...MEMBER_OPERATIONS]
  .map(({ path }) => path)
  .filter((path) => path.includes("/:organization_id"));

let world: StytchWorld;
let bound: string;
let unbound: string;

beforeEach(async () => {
  skipRetryDelays();
  world = createStytchWorld();
  const admin = createIsolate();
  const organization_ids = ["organization-test-11111111-1111-4111-8111-111111111111"];
  ({ key: bound } = await createKey(admin, SCOPES, { organization_ids }));
  ({ key: unbound } = await createKey(admin, SCOPES));
});

/** `observeCall` of what belongs to an organization; `upstream`: the URLs without the organization's name. */
async function observe(
  isolate: TestIsolate,
  pattern: string,
  organization: string,
  headers: Record<string, string>,
) {
  const path = pathInWorld(world, pattern, { organization });
  const observed = await observeCall(isolate, world.upstream, path, { key: bound, headers });
  return { ...observed, upstream: observed.upstream.map((url) => url.replace(nameIn(url), "{name}")) };
}
const nameIn = (url: string) => /organizations\/([^/?]+)/.exec(url)?.[1] ?? "";

type Event = (isolate: TestIsolate, path: string) => Promise<unknown>;
const readUnbound: Event = async (isolate, path) => await isolate.call(path, { key: unbound });

/** Reads, as a bound key, what belongs to one name and to a missing one, in step; `event` comes before each read. */
async function compare(
  pattern: string,
  event: Event,
  headers: Record<string, string>,
  kinds: readonly number[],
): Promise<void> {
  const allNames = [
    [world.organizationId, `organization-test-${crypto.randomUUID()}`],
    [world.slug, `slug-${crypto.randomUUID()}`],
  ] as const;
  for (const [name, missing] of allNames.filter((_, kind) => kinds.includes(kind))) {
    const [one, two] = [createIsolate(), createIsolate()];
    for (const isolate of [one, two]) await isolate.call("/whoami", { key: bound });
    for (const seconds of [0, 1, 10.5, 72, 130]) {
      clock.at(seconds);
      for (const [isolate, organization] of [
        [one, name],
        [two, missing],
      ] as const) {
        // The lookup of the bound key might find the part, or the organization.
        await event(isolate, pathInWorld(world, pattern, { organization }));
        await event(isolate, `/v1/b2b/organizations/${encodeURIComponent(organization)}`);
      }
      const hidden = await observe(one, pattern, name, headers);
      const absent = await observe(two, pattern, missing, headers);
      expect({ seconds, ...hidden }).toEqual({ seconds, ...absent });
      expect(hidden.status).toBe(404);
      // What belongs to the organization is not asked for.
      for (const url of hidden.upstream) expect(url).toMatch(/\/v1\/b2b\/organizations\/\{name\}$/);
      for (const isolate of [one, two]) await isolate.settle();
    }
  }
}

const METRICS = "/v1/b2b/organizations/:organization_id/metrics";
const MEMBER = "/v1/b2b/organizations/:organization_id/member";

test.each(OF_ORGANIZATION)(
  "%s of another costs a bound key what a missing one does",
  { timeout: 30_000 },
  // By slug: IDs are tried below. An external ID takes the way of a slug.
  async (pattern) => await compare(pattern, readUnbound, {}, [1]),
);

describe.each<[string, Event, Record<string, string>]>([
  ["that nobody has read", async () => {}, {}],
  ["that others read elsewhere", async (_, path) => await readUnbound(createIsolate(), path), {}],
  [
    "that others read, with objects evicted",
    async (isolate, path) => {
      await readUnbound(isolate, path);
      await evictAllDurableObjects();
    },
    {},
  ],
  ["that others read, by a forced refresh", readUnbound, { "Postern-Cache": "refresh" }],
])("what belongs to an organization %s", (_, event, headers) => {
  test.each([METRICS, MEMBER])(
    "%s costs a bound key what a missing one does",
    { timeout: 30_000 },
    async (pattern) => await compare(pattern, event, headers, [0, 1]),
  );
});

test.each([METRICS, MEMBER])(
  "%s of another looks missing while Stytch fails",
  { timeout: 30_000 },
  async (pattern) => {
    const [name, missing] = [world.slug, `slug-${crypto.randomUUID()}`];
    const [one, two] = [createIsolate(), createIsolate()];
    for (const isolate of [one, two]) await isolate.call("/whoami", { key: bound });
    await readUnbound(one, pathInWorld(world, pattern, { organization: name }));
    await readUnbound(two, pathInWorld(world, pattern, { organization: missing }));
    world.upstream.answer(() => stytchError(503, "x"));
    for (const seconds of [20, 70, 200]) {
      clock.at(seconds);
      const hidden = await observe(one, pattern, name, {});
      const absent = await observe(two, pattern, missing, {});
      expect({ seconds, ...hidden }).toEqual({ seconds, ...absent });
      for (const isolate of [one, two]) await isolate.settle();
    }
  },
);
