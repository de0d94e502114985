/** Webhooks and what belongs to an organization: its metrics, connected apps and RBAC policy end with it. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { CACHED_OPERATIONS } from "../../src/api/operations.ts";
import { Organization } from "../../src/cache/object/organization.ts";
import type { Json } from "../support/bodies.ts";
import { kvKey, statusOf } from "../support/cached.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { kvThat } from "../support/fakes.ts";
import { createStytchWorld, pathInWorld, type StytchWorld } from "../support/stytch-world.ts";
import { deferred } from "../support/upstream.ts";
import { SECRET, signed } from "../support/webhook.ts";
import { eventNow, expectAccepted, LEASE_SECONDS, WEBHOOK_PATH } from "../support/webhook-receiver.ts";

const clock = useClock();
const PROJECT_POLICY = "/v1/b2b/rbac/policy";
const PARTS = CACHED_OPERATIONS.map(({ path }) => path).filter(
  (path) => path !== PROJECT_POLICY && path !== "/v1/b2b/organizations/:organization_id",
);
const HIT = /^postern; hit/;
const MISS = /^postern; fwd=miss; fwd-status=200/;

let world: StytchWorld;
let receiver: TestIsolate;
let key: string;

beforeEach(async () => {
  world = createStytchWorld();
  receiver = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
  await receiver.admin("POST", "/admin/cache/purge", { rbac_policy: true });
  ({ key } = await createKey(
    receiver,
    CACHED_OPERATIONS.map(({ scope }) => scope),
  ));
});

const read = async (pattern: string, reader = receiver) =>
  await reader.call(pathInWorld(world, pattern), { key });
const deliver = async (event: Json) => await receiver.call(WEBHOOK_PATH, signed(event));

const EVENTS: readonly (readonly [string, () => Json])[] = [
  [
    "an update of the organization",
    () => ({ object_type: "organization", id: world.organizationId, organization: world.organization }),
  ],
  [
    "the end of the organization",
    () => ({ object_type: "organization", action: "DELETE", id: world.organizationId }),
  ],
  ["a new member", () => ({ object_type: "member", action: "CREATE", member: world.member })],
  [
    "the end of a member, with details",
    () => ({
      object_type: "member",
      action: "DELETE",
      id: world.memberId,
      details: { organization_id: world.organizationId },
    }),
  ],
  [
    "an update of a SCIM connection",
    () => ({ object_type: "scim_connection", scim_connection: { organization_id: world.organizationId } }),
  ],
];

test.each(EVENTS)("%s ends all that belongs to it, in memory, KV and objects", async (_, event) => {
  const far = createIsolate();
  for (const pattern of PARTS) for (const reader of [receiver, far]) await read(pattern, reader);
  // A location that goes on showing what KV had before.
  const lagging = [];
  for (const suffix of ["metrics", "connected_apps", "rbac_policy"])
    lagging.push(createIsolate({ ORGANIZATIONS: await kvThat.lags(`${world.organizationId}/${suffix}`) }));
  await expectAccepted(await deliver(eventNow(event())));
  world.upstream.requests.length = 0;
  for (const pattern of PARTS) expect(statusOf(await read(pattern)), pattern).toMatch(MISS);
  expect(world.upstream.requests).toHaveLength(PARTS.length);
  clock.at(LEASE_SECONDS);
  for (const reader of [far, ...lagging]) {
    for (const pattern of PARTS) {
      const answer = await read(pattern, reader);
      // What was read after the event.
      expect([statusOf(answer), answer.headers.get("Age")]).toEqual([
        expect.stringMatching(HIT),
        String(LEASE_SECONDS),
      ]);
    }
  }
  expect(world.upstream.requests).toHaveLength(PARTS.length);
});

test("an event changes what every isolate answers of the metrics", async () => {
  const metrics = "/v1/b2b/organizations/:organization_id/metrics";
  const far = createIsolate();
  const countAt = async (reader: TestIsolate) =>
    (await (await read(metrics, reader)).json<Json>())["member_count"];
  for (const reader of [receiver, far]) expect(await countAt(reader)).toBe(3);
  expect(await env.ORGANIZATIONS.get(kvKey(`${world.organizationId}/metrics`))).toContain('"member_count":3');
  world.memberCount = 4;
  await expectAccepted(
    await deliver(eventNow({ object_type: "member", action: "CREATE", member: world.member })),
  );
  expect(await countAt(receiver)).toBe(4);
  clock.at(LEASE_SECONDS);
  for (const reader of [far, createIsolate()]) expect(await countAt(reader)).toBe(4);
});

test("an event is not undone by a refresh of the metrics that began before it", async () => {
  const metrics = "/v1/b2b/organizations/:organization_id/metrics";
  await read(metrics);
  const open = deferred<void>();
  const arrived = deferred<void>();
  world.upstream.answer(async ({ url }) => {
    const old = world.respond(url);
    arrived.resolve();
    await open.promise;
    return old;
  });
  clock.at(61);
  // Stale: it is refreshed behind this answer.
  const stale = await receiver.callUntilResponse(pathInWorld(world, metrics), { key });
  expect(statusOf(stale)).toBe("postern; hit; ttl=-1; detail=kv");
  await arrived.promise;
  await expectAccepted(
    await deliver(eventNow({ object_type: "member", action: "CREATE", member: world.member })),
  );
  world.memberCount = 4;
  world.upstream.answer(({ url }) => world.respond(url));
  open.resolve();
  await receiver.settle();
  for (const reader of [receiver, createIsolate()])
    expect(await (await read(metrics, reader)).json<Json>()).toMatchObject({ member_count: 4 });
});

test("an event ends what belongs to its organization while the objects fail", async () => {
  for (const pattern of PARTS) await read(pattern);
  vi.spyOn(Organization.prototype, "purge").mockImplementation(() => {
    throw new Error("gone");
  });
  await expectAccepted(await deliver(eventNow({ object_type: "organization", id: world.organizationId })));
  for (const pattern of PARTS) expect(statusOf(await read(pattern)), pattern).toMatch(MISS);
});

test("an event ends nothing of another organization, and not the project's policy", async () => {
  for (const pattern of [...PARTS, PROJECT_POLICY]) await read(pattern);
  const other = `organization-test-${crypto.randomUUID()}`;
  await expectAccepted(await deliver(eventNow({ object_type: "organization", id: other })));
  for (const pattern of PARTS) expect(statusOf(await read(pattern)), pattern).toMatch(HIT);
  await expectAccepted(await deliver(eventNow({ object_type: "organization", id: world.organizationId })));
  expect(statusOf(await read(PROJECT_POLICY))).toMatch(HIT);
});
