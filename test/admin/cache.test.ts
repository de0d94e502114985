/** Purges by an operator: what is refused, what the audit shows of them, and how long the Directory keeps them. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type AuditEvent, type Cursor, Directory } from "../../src/admin/directory.ts";
import { MOST_PURGES } from "../../src/cache/purges.ts";
import type { KeyEvent } from "../../src/keys/api-key.ts";
import { directoryOf } from "../../src/object-call.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { type Isolate, mint, newIsolate } from "../support/deployment.ts";
import { declareSecret, logLines } from "../support/guard.ts";
import { recordOf } from "../support/record.ts";
import { json, stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400;
const PATH = "/admin/cache/purge";
const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
declareSecret(WEBHOOK_SECRET);

let isolate: Isolate;
let upstream: Upstream;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  upstream = stubUpstream();
  isolate = newIsolate({ STYTCH_WEBHOOK_SECRET: WEBHOOK_SECRET });
  // What the audit shows is what this test did.
  await runInDurableObject(directoryOf(env), (_, state) => {
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

/** A Directory of this test's own. */
const ownDirectory = () => env.DIRECTORY.getByName(`directory-${crypto.randomUUID()}`);

async function deliver(body: Json): Promise<number> {
  const text = JSON.stringify({ project_id: TEST_VARS.STYTCH_PROJECT_ID, ...body });
  const now = new Date();
  const headers = {
    "svix-id": "msg_1",
    "svix-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "svix-signature": new Webhook(WEBHOOK_SECRET).sign("msg_1", now, text),
  };
  return (await isolate.call("/webhooks/stytch", { method: "POST", headers, body: text })).status;
}

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
    ({ key } = await mint(isolate, ["organizations:read", "cache:refresh"]));
    await isolate.call(`/v1/b2b/organizations/${org["organization_id"]}`, { key });
    isolate.resetCounts();
  });

  async function expectNothingPurged() {
    expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
    at(5);
    for (const reader of [isolate, newIsolate()]) {
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
    const without = newIsolate({ ADMIN_TOKEN: "" });
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
    const { keyId } = await mint(isolate, ["organizations:read"]);
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
    const { keyId } = await mint(isolate, ["organizations:read"]);
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

describe("in the Directory", () => {
  /** What its audit lists, the newest first, in few words. */
  async function listed(directory: DurableObjectStub<Directory>): Promise<string[]> {
    const lines: string[] = [];
    let after: Cursor | null = null;
    do {
      const page: { items: AuditEvent[]; next: Cursor | null } = await directory.listEvents(200, after);
      lines.push(...page.items.map(({ key_id, detail }) => key_id ?? String(detail["organization_id"])));
      after = page.next;
    } while (after !== null);
    return lines;
  }
  const by = (organization_id: string) => ({ organization_id, by: "admin" });
  const created = (key_id: string): KeyEvent => ({
    id: `${key_id}.000000001`,
    at: new Date().toISOString(),
    action: "key.created",
    key_id,
    detail: {},
  });

  test("purges leave the audit after 30 days, and what was done to keys stays", async () => {
    const directory = ownDirectory();
    // IDs that sort before, beside and after those of purges.
    const keys = ["0000000000000000", "purge00000000001", "purgezzzzzzzzzzz", "zzzzzzzzzzzzzzzz"];
    for (const key_id of keys) await directory.report(recordOf({ key_id }), [created(key_id)]);
    await directory.purge(["first"], by("first"));
    at(1);
    await directory.purge(["second"], by("second"));
    at(30 * DAY);
    await directory.purge(["third"], by("third"));
    const purges = async () => (await listed(directory)).filter((one) => !keys.includes(one));
    expect(await purges()).toEqual(["third", "second", "first"]);
    at(30 * DAY + 0.001);
    await directory.purge(["fourth"], by("fourth"));
    expect(await purges()).toEqual(["fourth", "third", "second"]);
    at(90 * DAY);
    await directory.purge(["fifth"], by("fifth"));
    expect((await listed(directory)).toSorted()).toEqual([...keys, "fifth"].toSorted());
  });

  test("what nobody did is purged and not in the audit", async () => {
    const directory = ownDirectory();
    const number = await directory.purge(["slug"], null);
    expect(await directory.purgesSince(0)).toEqual({
      purges: [{ name: "slug", number }],
      floor: 0,
      latest: number,
    });
    expect(await listed(directory)).toEqual([]);
  });

  test("a name is listed once, by its latest purge, and only to who does not know that", async () => {
    const directory = ownDirectory();
    const [first, second, third] = [
      await directory.purge(["a", "b"], null),
      await directory.purge(["b"], null),
      await directory.purge(["c", "c"], null),
    ];
    const since = async (number: number) => (await directory.purgesSince(number)).purges;
    expect(await since(0)).toEqual([
      { name: "a", number: first },
      { name: "b", number: second },
      { name: "c", number: third },
    ]);
    expect(await since(first)).toEqual([
      { name: "b", number: second },
      { name: "c", number: third },
    ]);
    expect(await since(third)).toEqual([]);
  });

  test("numbers grow though the clock stands still or goes back, and are near the time", async () => {
    const directory = ownDirectory();
    const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 10 });
    let latest = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        for (const step of given) {
          vi.setSystemTime(Date.now() + step);
          const number = await directory.purge(["a"], null);
          expect(number).toBeGreaterThan(latest);
          expect(number).toBe(Math.max(Date.now(), latest + 1));
          latest = number;
        }
      }),
      { numRuns: 20 },
    );
  });

  test("a purge is listed for as long as an entry from before it could be answered, and two minutes more", async () => {
    const directory = ownDirectory();
    const names = async () => (await directory.purgesSince(0)).purges.map(({ name }) => name);
    // Fresh for 60 s, stale for 60, and good for 3,600 on errors.
    const life = 3_720 + 120;
    const first = await directory.purge(["first"], null);
    at(1);
    await directory.purge(["second"], null);
    at(life);
    await directory.purge(["third"], null);
    expect(await names()).toEqual(["first", "second", "third"]);
    at(life + 0.001);
    const latest = await directory.purge(["fourth"], null);
    expect(await names()).toEqual(["second", "third", "fourth"]);
    // What is forgotten so has no bearing on what is younger.
    expect(await directory.purgesSince(first)).toMatchObject({ floor: 0, latest });
  });

  test("more purged names than are listed stand for all that came before them", async () => {
    const directory = ownDirectory();
    const numbers = await runInDurableObject(directory, (instance) =>
      Array.from({ length: MOST_PURGES / 100 }, (_, batch) =>
        instance.purge(
          Array.from({ length: 100 }, (__, i) => `name-${batch}-${i}`),
          null,
        ),
      ),
    );
    const whole = await directory.purgesSince(0);
    expect(whole.purges).toHaveLength(MOST_PURGES);
    expect(whole.floor).toBe(0);
    // Counting costs, so it is done for a hundred at a time.
    const more = await runInDurableObject(directory, (instance) =>
      Array.from({ length: 100 }, (_, i) => instance.purge([`more-${i}`], null)),
    );
    const { purges, floor, latest } = await directory.purgesSince(0);
    expect(latest).toBe(more.at(-1));
    expect(floor).toBe(numbers[0]);
    expect(purges).toHaveLength(MOST_PURGES);
    expect(purges[0]).toEqual({ name: "name-1-0", number: numbers[1] });
    expect(purges.at(-1)).toEqual({ name: "more-99", number: latest });
  });

  test("one purge of more names than are listed ends everything that is older, and nothing that is younger", async () => {
    const directory = ownDirectory();
    const names = Array.from({ length: MOST_PURGES + 1 }, (_, i) => `name-${i}`);
    const number = await runInDurableObject(directory, (instance) => instance.purge(names, null));
    expect(await directory.purgesSince(0)).toEqual({ purges: [], floor: number, latest: number });
    const next = await directory.purge(["next"], null);
    expect(await directory.purgesSince(number)).toEqual({
      purges: [{ name: "next", number: next }],
      floor: number,
      latest: next,
    });
  });

  test("that has raised its floor, no isolate answers from what is older, whatever it is called", async () => {
    const directory = ownDirectory();
    const own = { DIRECTORY: { getByName: () => directory } };
    let org = organization();
    upstream.answer(() => json(organizationEnvelope(org)));
    const path = `/v1/b2b/organizations/${org["organization_id"]}`;
    const { key } = await mint(isolate, ["organizations:read"]);
    const reader = newIsolate(own);
    await reader.call(path, { key });
    expect((await reader.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
    org = { ...org, organization_name: "Renamed" };
    await runInDurableObject(directory, (instance) =>
      instance.purge(
        Array.from({ length: MOST_PURGES + 1 }, (_, i) => `name-${i}`),
        null,
      ),
    );
    at(5);
    for (const next of [reader, newIsolate(own)]) {
      const answer = await next.call(path, { key });
      expect((await answer.json<{ organization: Json }>()).organization["organization_name"]).toBe("Renamed");
      expect((await next.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
    }
    expect(upstream.requests).toHaveLength(2);
  });
});
