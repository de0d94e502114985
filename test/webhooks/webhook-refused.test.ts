/** Webhooks that are not Stytch's, or not for this deployment, or too large: refused, and nothing is purged. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { statusOf } from "../support/cached.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { json, stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";
import { NEXT_SECRET, SECRET, signed } from "../support/webhook.ts";

const NOW = 1_800_000_000_000;
const LEASE = 5;
const PATH = "/webhooks/stytch";

let receiver: TestIsolate;
let upstream: Upstream;
let key: string;
let org: Json;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  org = organization({ organization_external_id: `crm|${crypto.randomUUID()}` });
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  receiver = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
  ({ key } = await createKey(receiver, ["organizations:read"]));
  receiver.resetCounts();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (seconds: number) => vi.setSystemTime(NOW + seconds * 1_000);
const pathOf = (name: unknown) => `/v1/b2b/organizations/${encodeURIComponent(String(name))}`;
const byId = () => pathOf(org["organization_id"]);

/** A body as Stytch sends it of an event of now. */
const event = (fields: Json): Json => ({
  action: "UPDATE",
  event_id: `webhook-event-test-${crypto.randomUUID()}`,
  project_id: TEST_VARS.STYTCH_PROJECT_ID,
  source: "DASHBOARD",
  timestamp: new Date().toISOString(),
  vertical: "B2B",
  ...fields,
});
const updated = (fields: Json = {}) =>
  event({ object_type: "organization", id: org["organization_id"], organization: org, ...fields });

const deliver = async (body: unknown) => await receiver.call(PATH, signed(body));

/** What an accepted event answers. */
async function expectTaken(answer: Response) {
  expect([answer.status, await answer.text()]).toEqual([204, ""]);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
}

/** Nothing was purged: no object was called, no write made, and the entry is answered as before. */
async function expectNothingPurged() {
  expect(receiver.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  at(LEASE);
  for (const reader of [receiver, createIsolate()])
    expect(statusOf(await reader.call(byId(), { key }))).toMatch(/^postern; hit/);
  expect(upstream.requests).toHaveLength(1);
}

describe("where no webhook secret is set", () => {
  test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s finds no route, however well it is signed",
    async (method) => {
      for (const without of [createIsolate(), createIsolate({ STYTCH_WEBHOOK_SECRET: "" })]) {
        const { headers, body } = signed(updated());
        const answer = await without.call(PATH, { method, headers, ...(method === "POST" ? { body } : {}) });
        expect([answer.status, answer.headers.get("Allow")]).toEqual([404, null]);
        if (method !== "HEAD") expect(await answer.json()).toMatchObject({ error_type: "route_not_found" });
        expect(without.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
      }
    },
  );
});

describe("where one is set", () => {
  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s is refused by the method that is supported",
    async (method) => {
      const answer = await receiver.call(PATH, { method, headers: signed("").headers });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
      if (method !== "HEAD") expect(await answer.json()).toMatchObject({ error_type: "method_not_allowed" });
      expect(receiver.counts.objects).toEqual({});
    },
  );

  test.each(["/webhooks", "/webhooks/", "/webhooks/other", "/webhooks/stytch/more"])(
    "%s is no route",
    async (path) => {
      const answer = await receiver.call(path, signed(updated()));
      expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
      expect(receiver.counts.objects).toEqual({});
    },
  );

  test("scripts of a page are not told that they may call it", async () => {
    const open = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET, CORS_ORIGINS: "*" });
    const headers = { Origin: "https://page.example", "Access-Control-Request-Method": "POST" };
    const answer = await open.call(PATH, { method: "OPTIONS", headers });
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([405, null]);
  });
});

describe("a webhook that is not genuine is refused and purges nothing:", () => {
  const unsigned = () => ({ ...signed(updated()), headers: { "Content-Type": "application/json" } });
  const withHeader = (name: string, value: string) => signed(updated(), SECRET, { [name]: value });

  test.each<[string, () => ReturnType<typeof signed> | ReturnType<typeof unsigned>]>([
    ["one without a signature", unsigned],
    ["one with the admin token instead", () => withHeader("svix-signature", TEST_VARS.ADMIN_TOKEN)],
    ["one that is signed with another secret", () => signed(updated(), NEXT_SECRET)],
    ["one whose signature is of another version", () => withHeader("svix-signature", "v2,AAAA")],
    ["one whose body was changed", () => ({ ...signed(updated()), body: JSON.stringify(updated()) })],
    ["one whose body was taken away", () => ({ ...signed(updated()), body: "" })],
    ["one with another message's ID", () => withHeader("svix-id", "msg_other")],
    ["one with another time", () => withHeader("svix-timestamp", String(NOW / 1_000 + 1))],
    ["one with no time", () => withHeader("svix-timestamp", "now")],
  ])("%s", async (_, request) => {
    await receiver.call(byId(), { key });
    receiver.resetCounts();
    const answer = await receiver.call(PATH, request());
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toBe('Svix realm="postern"');
    expect(answer.headers.get("Content-Type")).toBe("application/json");
    expect(await answer.json()).toEqual({
      status_code: 401,
      request_id: answer.headers.get("X-Request-Id"),
      error_type: "invalid_signature",
      error_message: expect.stringMatching(/./),
      error_url: expect.stringMatching(/^https:\/\//),
    });
    expect(logLines().at(-1)).toMatchObject({
      route: PATH,
      status: 401,
      error_type: "invalid_signature",
      key_id: null,
    });
    await expectNothingPurged();
  });

  test("one that comes 301 s late, or as much too early, while 300 s are tolerated", async () => {
    await receiver.call(byId(), { key });
    receiver.resetCounts();
    const request = signed(updated());
    for (const seconds of [301, -301]) {
      at(seconds);
      expect((await receiver.call(PATH, request)).status).toBe(401);
    }
    expect(receiver.counts.objects).toEqual({});
    for (const seconds of [300, -300]) {
      at(seconds);
      await expectTaken(await receiver.call(PATH, request));
    }
  });
});

describe("a body", () => {
  const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength;
  const of = (bytes: number) => {
    const body = updated();
    const rest = bytes - bytesOf(JSON.stringify({ ...body, padding: "" }));
    return JSON.stringify({ ...body, padding: "a".repeat(rest) });
  };

  test("of 64 KiB is taken", async () => {
    const body = of(65_536);
    expect(bytesOf(body)).toBe(65_536);
    await expectTaken(await deliver(body));
    expect(receiver.counts.objects).toEqual({ purge: 4 });
  });

  test("of a byte more is refused, though it is signed", async () => {
    const answer = await deliver(of(65_537));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error_type: "invalid_request" });
    expect(receiver.counts.objects).toEqual({});
  });
});
