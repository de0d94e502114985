/** Purges by an operator: what is refused, and what the audit shows of them. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { json, stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";
import { SECRET, signed } from "../support/webhook.ts";

const NOW = 1_800_000_000_000;
const PATH = "/admin/cache/purge";

let isolate: TestIsolate;
let upstream: Upstream;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  upstream = stubUpstream();
  isolate = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
  // What the audit shows is what this test did.
  await runInDurableObject(getDirectory(env), (_, state) => {
    state.storage.sql.exec("DELETE FROM keys; DELETE FROM events;");
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (seconds: number) => vi.setSystemTime(NOW + seconds * 1_000);
const iso = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const purge = async (body: unknown) => await isolate.admin("POST", PATH, body);
const audit = async (query = "") =>
  await (await isolate.admin("GET", `/admin/audit${query}`)).json<{
    events: Json[];
    next_cursor: string | null;
  }>();

const deliver = async (body: Json) =>
  (await isolate.call("/webhooks/stytch", signed({ project_id: TEST_VARS.STYTCH_PROJECT_ID, ...body })))
    .status;

describe("a purge", () => {
  test("is answered with what was purged, after one call of the Directory and one of the name's object", async () => {
    for (const name of ["organization-test-1", "slug_1", "crm|1", "a".repeat(256), "株式会社"]) {
      isolate.resetCounts();
      const answer = await purge({ organization_id: name });
      expect([answer.status, await answer.json()]).toEqual([200, { purged: name }]);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { purge: 2 } });
    }
    expect(upstream.requests).toEqual([]);
  });

  test("is in the log by its route, and not by the name", async () => {
    await purge({ organization_id: "organization-of-nobodys-business" });
    expect(logLines()).toMatchObject([{ route: PATH, method: "POST", status: 200, key_id: null }]);
    expect(JSON.stringify(logLines())).not.toContain("nobodys");
  });
});

describe("nothing is purged", () => {
  let org: Json;
  let key: string;
  beforeEach(async () => {
    org = organization();
    upstream.answer(() => json(organizationEnvelope(org)));
    ({ key } = await createKey(isolate, ["organizations:read", "cache:refresh"]));
    await isolate.call(`/v1/b2b/organizations/${org["organization_id"]}`, { key });
    isolate.resetCounts();
  });

  async function expectNothingPurged() {
    expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
    at(5);
    for (const reader of [isolate, createIsolate()]) {
      const answer = await reader.call(`/v1/b2b/organizations/${org["organization_id"]}`, { key });
      expect(answer.headers.get("Cache-Status")).toMatch(/^postern; hit/);
    }
    expect((await audit()).events.map(({ action }) => action)).toEqual(["key.created"]);
  }

  test.each<[string, () => Record<string, string>]>([
    ["no token", () => ({})],
    ["another token", () => ({ Authorization: "Bearer not-the-token" })],
    ["a part of the token", () => ({ Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN.slice(1)}` })],
    ["a key, of whatever scopes", () => ({ Authorization: `Bearer ${key}` })],
    ["the token as a password", () => ({ Authorization: `Basic ${btoa(`:${TEST_VARS.ADMIN_TOKEN}`)}` })],
  ])("with %s", async (_, headers) => {
    const body = { organization_id: org["organization_id"] };
    const answer = await isolate.call(PATH, { method: "POST", headers: headers(), body });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="postern"/);
    expect(await answer.json()).toMatchObject({ error_type: "invalid_admin_token" });
    await expectNothingPurged();
  });

  test("where there is no admin API", async () => {
    const without = createIsolate({ ADMIN_TOKEN: "" });
    const answer = await without.admin("POST", PATH, { organization_id: org["organization_id"] });
    expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
    expect(without.counts.objects).toEqual({});
    await expectNothingPurged();
  });

  test.each<[string, string, (id: unknown) => unknown]>([
    ["an unknown field", "reason", (id) => ({ organization_id: id, reason: "x" })],
    ["a misspelt field", "organisation_id", (id) => ({ organisation_id: id })],
    ["a list of them", "organization_ids", (id) => ({ organization_ids: [id] })],
    ["no field", "organization_id", () => ({})],
    ["null", "organization_id", () => ({ organization_id: null })],
    ["a number", "organization_id", () => ({ organization_id: 7 })],
    ["a list", "organization_id", (id) => ({ organization_id: [id] })],
    ["nothing for a name", "organization_id", () => ({ organization_id: "" })],
    ["a slash in the name", "organization_id", (id) => ({ organization_id: `${id}/` })],
    ["a percent sign in the name", "organization_id", (id) => ({ organization_id: `${id}%20` })],
    ["a line break in the name", "organization_id", (id) => ({ organization_id: `${id}\n` })],
    ["dots for a name", "organization_id", () => ({ organization_id: ".." })],
    ["257 characters", "organization_id", () => ({ organization_id: "a".repeat(257) })],
    ["a key, pasted by mistake,", "organization_id", () => ({ organization_id: key })],
  ])("by a body with %s, which is refused by the name of %s", async (_, field, body) => {
    const answer = await purge(body(org["organization_id"]));
    expect(answer.status).toBe(400);
    const error = await answer.json<{ error_type: string; error_message: string }>();
    expect(error).toMatchObject({ error_type: "invalid_request" });
    expect(error.error_message.startsWith(`${field}: `)).toBe(true);
    expect(error.error_message).not.toContain(String(org["organization_id"]));
    await expectNothingPurged();
  });

  test.each<[string, (id: unknown) => string]>([
    ["not there", () => ""],
    ["not JSON", (id) => `organization_id=${id}`],
    ["cut", (id) => `{"organization_id":"${id}"`],
    ["a text", (id) => JSON.stringify(id)],
    ["a list", (id) => JSON.stringify([{ organization_id: id }])],
    ["null", () => "null"],
    ["over 64 KiB", (id) => `{"organization_id":"${id}"}${" ".repeat(65_536)}`],
  ])("by a body that is %s", async (_, body) => {
    const answer = await purge(body(org["organization_id"]));
    expect(await answer.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
    await expectNothingPurged();
  });

  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE"])("by %s", async (method) => {
    const answer = await isolate.admin(method, `${PATH}?organization_id=${org["organization_id"]}`);
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
    await expectNothingPurged();
  });

  test("where the Directory fails, and the audit does not say that it was", async () => {
    const failing = vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
      throw new Error("the directory fails");
    });
    const answer = await purge({ organization_id: org["organization_id"] });
    expect(await answer.json()).toMatchObject({ status_code: 503, error_type: "purge_unavailable" });
    expect(failing).toHaveBeenCalledTimes(1);
    expect(isolate.counts.objects).toEqual({ purge: 1 });
    isolate.resetCounts();
    await expectNothingPurged();
  });
});

describe("the audit", () => {
  test("lists purges among what was done to keys, newest first, and who purged", async () => {
    const { keyId } = await createKey(isolate, ["organizations:read"]);
    at(1);
    await purge({ organization_id: "slug_1" });
    at(2);
    await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Renamed" });
    at(3);
    const event = { object_type: "organization", source: "DASHBOARD", action: "UPDATE" };
    const named = { organization_id: "organization-1", organization_slug: "slug_1" };
    expect(await deliver({ ...event, id: "organization-1", organization: named })).toBe(204);
    at(4);
    await purge({ organization_id: "slug_1" });
    at(5);
    await isolate.admin("DELETE", `/admin/keys/${keyId}`);
    const purged = { action: "cache.purged", key_id: null };
    expect(await audit()).toEqual({
      events: [
        { at: iso(5), action: "key.revoked", key_id: keyId, detail: {} },
        { at: iso(4), ...purged, detail: { organization_id: "slug_1", by: "admin" } },
        {
          at: iso(3),
          ...purged,
          detail: {
            organization_id: "organization-1",
            by: "webhook",
            event: "dashboard.organization.update",
          },
        },
        { at: iso(2), action: "key.updated", key_id: keyId, detail: { fields: ["name"] } },
        { at: iso(1), ...purged, detail: { organization_id: "slug_1", by: "admin" } },
        expect.objectContaining({ at: iso(0), action: "key.created", key_id: keyId }),
      ],
      next_cursor: null,
    });
  });

  test("does not list what was refused, forged or about nobody", async () => {
    await purge({ organization_id: "a/b" });
    await isolate.call(PATH, { method: "POST", body: { organization_id: "slug_1" } });
    await isolate.call("/webhooks/stytch", {
      method: "POST",
      body: { object_type: "organization", id: "o" },
    });
    await deliver({ object_type: "member", source: "DIRECT", action: "DELETE", id: "member-1" });
    expect(await audit()).toEqual({ events: [], next_cursor: null });
  });

  test("shows everything once in pages of any size, those of one moment too", async () => {
    const made: string[] = [];
    const { keyId } = await createKey(isolate, ["organizations:read"]);
    made.push(`key.created ${keyId}`);
    for (let i = 0; i < 6; i += 1) {
      // Two changes of a key and two purges in each millisecond but the first.
      if (i % 2 === 0) at(1 + i);
      await purge({ organization_id: `slug_${i}` });
      await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: `Name ${i}` });
      made.push(`cache.purged slug_${i}`, `key.updated ${keyId}`);
    }
    const whole = await audit("?limit=200");
    const line = ({ action, key_id, detail }: Json) =>
      `${action} ${key_id ?? (detail as Json)["organization_id"]}`;
    expect(whole.events.map(line).sort()).toEqual(made.sort());
    const moments = whole.events.map((event) => String(event["at"]));
    expect(moments).toEqual([...moments].sort().reverse());
    const purges = whole.events.map(line).filter((one) => one.startsWith("cache"));
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
      expect(seen).toEqual(whole.events);
    }
  });
});
