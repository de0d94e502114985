/** `GET /admin/audit`: changes of keys and purges, in pages. */
import { beforeEach, expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { stubUpstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";
import { SECRET, signed } from "../support/webhook.ts";

const { at, iso } = useClock();

let isolate: TestIsolate;
beforeEach(async () => {
  stubUpstream();
  isolate = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
  await emptyDirectory();
});

const purge = async (body: unknown) => await isolate.admin("POST", "/admin/cache/purge", body);
const audit = async (query = "") =>
  await (await isolate.admin("GET", `/admin/audit${query}`)).json<{
    events: Json[];
    next_cursor: string | null;
  }>();
const deliverWebhook = async (body: Json) =>
  (await isolate.call("/webhooks/stytch", signed({ project_id: TEST_VARS.STYTCH_PROJECT_ID, ...body })))
    .status;

test("the audit lists each change of a key once, newest first", async () => {
  const { keyId } = await createKey(isolate, undefined, { name: "Audited" });
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Renamed", allowed_ips: ["203.0.113.0/24"] });
  await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 60 });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
  const expected = [
    { at, action: "key.revoked", actor: "token", key_id: keyId, detail: {} },
    { at, action: "key.rotated", actor: "token", key_id: keyId, detail: { overlap_seconds: 60 } },
    {
      at,
      action: "key.updated",
      actor: "token",
      key_id: keyId,
      detail: {
        fields: ["name", "allowed_ips"],
        before: { name: "Audited", allowed_ips: null },
        after: { name: "Renamed", allowed_ips: ["203.0.113.0/24"] },
      },
    },
    {
      at,
      action: "key.created",
      actor: "token",
      key_id: keyId,
      detail: { name: "Audited", scopes: ["organizations:read"] },
    },
  ];
  expect(await audit()).toEqual({
    events: expected,
    next_cursor: null,
  });
  const first = await audit("?limit=3");
  expect(first.events).toEqual(expected.slice(0, 3));
  expect(await audit(`?cursor=${first.next_cursor}`)).toEqual({
    events: expected.slice(3),
    next_cursor: null,
  });
});

const FULL = {
  organization_ids: ["organization-test-00000000-0000-4000-8000-000000000001"],
  fields: { organization: ["organization_name"], member: null },
  rate_limit: { limit: 60, period_seconds: 60 },
  allowed_ips: ["203.0.113.0/24"],
  expires_at: "2100-01-01T00:00:00Z",
  region: "weur",
};

test.each(Object.entries(FULL))(
  "the creation of a key with %s tells it, and no other restriction",
  async (name, value) => {
    await createKey(isolate, undefined, { [name]: value });
    const { events } = await audit();
    expect(events.map(({ detail }) => detail)).toEqual([
      { name: "Test", scopes: ["organizations:read"], [name]: value },
    ]);
  },
);

test("the event of the largest creation is stored whole, and has no more than the record", async () => {
  const longest = <T>(item: (index: number) => T) => Array.from({ length: 100 }, (_, index) => item(index));
  const path = (index: number) => `trusted_metadata.${String(index).padStart(111, "x")}`;
  const largest = {
    ...FULL,
    name: "n".repeat(200),
    organization_ids: longest((index) => `organization-test-${String(index).padStart(200, "0")}`),
    fields: { organization: longest(path), member: longest(path) },
    allowed_ips: longest((index) => `2001:db8:${index + 1000}:1111:2222:3333:4444:5555`),
  };
  const { key } = await createKey(isolate, undefined, largest);
  const { events } = await audit();
  const text = JSON.stringify(events);
  expect(events.map(({ detail }) => detail)).toEqual([{ scopes: ["organizations:read"], ...largest }]);
  expect(text.length).toBeLessThan(64 * 1024);
  expect(text).not.toContain(key.slice(26));
});

test("the audit lists events of one millisecond in the order of arrival", async () => {
  const { keyId } = await createKey(isolate);
  for (let i = 0; i < 11; i += 1) await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: `Name ${i}` });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const { events } = await audit();
  expect(events.map(({ action }) => action)).toEqual([
    "key.revoked",
    ...Array(11).fill("key.updated"),
    "key.created",
  ]);
});

test("the audit lists purges by operator and webhook among changes of keys", async () => {
  const { keyId } = await createKey(isolate);
  at(1);
  await purge({ organization_id: "slug_1" });
  at(2);
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Renamed" });
  at(3);
  const event = { object_type: "organization", source: "DASHBOARD", action: "UPDATE" };
  const named = { organization_id: "organization-1", organization_slug: "slug_1" };
  expect(await deliverWebhook({ ...event, id: "organization-1", organization: named })).toBe(204);
  at(4);
  await purge({ organization_id: "slug_1" });
  at(5);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const purged = { action: "cache.purged", actor: "token", key_id: null };
  expect(await audit()).toEqual({
    events: [
      { at: iso(5), action: "key.revoked", actor: "token", key_id: keyId, detail: {} },
      { at: iso(4), ...purged, detail: { organization_id: "slug_1", by: "admin" } },
      {
        at: iso(3),
        ...purged,
        actor: "webhook",
        detail: {
          organization_id: "organization-1",
          by: "webhook",
          event: "dashboard.organization.update",
        },
      },
      {
        at: iso(2),
        action: "key.updated",
        actor: "token",
        key_id: keyId,
        detail: { fields: ["name"], before: { name: "Test" }, after: { name: "Renamed" } },
      },
      { at: iso(1), ...purged, detail: { organization_id: "slug_1", by: "admin" } },
      expect.objectContaining({ at: iso(0), action: "key.created", key_id: keyId }),
    ],
    next_cursor: null,
  });
});

test("the audit does not list purges that were refused, forged or without effect", async () => {
  await purge({ organization_id: "a/b" });
  await isolate.call("/admin/cache/purge", { method: "POST", body: { organization_id: "slug_1" } });
  await isolate.call("/webhooks/stytch", {
    method: "POST",
    body: { object_type: "organization", id: "o" },
  });
  await deliverWebhook({ object_type: "member", source: "DIRECT", action: "DELETE", id: "member-1" });
  expect(await audit()).toEqual({ events: [], next_cursor: null });
});

test("pages of the audit of any size list every event once", async () => {
  const expected: string[] = [];
  const { keyId } = await createKey(isolate);
  expected.push(`key.created ${keyId}`);
  for (let i = 0; i < 6; i += 1) {
    // Two changes of a key and two purges in each millisecond except the first.
    if (i % 2 === 0) at(1 + i);
    await purge({ organization_id: `slug_${i}` });
    await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: `Name ${i}` });
    expected.push(`cache.purged slug_${i}`, `key.updated ${keyId}`);
  }
  const all = await audit("?limit=200");
  const line = ({ action, key_id, detail }: Json) =>
    `${action} ${key_id ?? (detail as Json)["organization_id"]}`;
  expect(all.events.map(line).sort()).toEqual(expected.sort());
  const moments = all.events.map((event) => String(event["at"]));
  expect(moments).toEqual([...moments].sort().reverse());
  const purges = all.events.map(line).filter((one) => one.startsWith("cache"));
  expect(purges).toEqual([5, 4, 3, 2, 1, 0].map((i) => `cache.purged slug_${i}`));
  for (const limit of [1, 2, 3, 5, 12, 13, 14]) {
    const seen: Json[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await audit(`?limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(page.events.length).toBeLessThanOrEqual(limit);
      seen.push(...page.events);
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(all.events);
  }
});
