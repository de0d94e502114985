/** Genuine webhooks of Stytch, from Svix's request to what every isolate answers. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import { Directory } from "../../src/directory/directory.ts";
import { type Json, member, organization, organizationEnvelope } from "../support/bodies.ts";
import { nameIn, statusOf } from "../support/cached.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";
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
const rename = (name: string) => {
  org = { ...org, organization_name: name };
};

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

describe("a genuine event of an organization", () => {
  test("ends it at once where it came in, and LEASE_SECONDS later elsewhere, under all its names", async () => {
    const paths = [byId(), pathOf(org["organization_slug"]), pathOf(org["organization_external_id"])];
    const far = createIsolate();
    for (const reader of [receiver, far]) {
      for (const path of paths) expect(await nameIn(await reader.call(path, { key }))).not.toBe("Renamed");
    }
    const before = upstream.requests.length;
    rename("Renamed");
    await expectTaken(await deliver(updated()));
    expect(upstream.requests).toHaveLength(before);
    for (const path of paths) expect(await nameIn(await receiver.call(path, { key }))).toBe("Renamed");
    at(LEASE);
    for (const reader of [far, createIsolate()]) {
      for (const path of paths) expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed");
    }
  });

  test("costs the Directory one call and each of its names' objects one, and no upstream call", async () => {
    await expectTaken(await deliver(updated()));
    expect(receiver.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { purge: 4 } });
    expect(upstream.requests).toHaveLength(0);
    expect(logLines().at(-1)).toMatchObject({ route: PATH, method: "POST", status: 204, error_type: null });
  });

  test("is not taken for the organization: what it holds is answered to nobody", async () => {
    await receiver.call(byId(), { key });
    await deliver(updated({ organization: { ...org, organization_name: "Only in the event" } }));
    expect(await nameIn(await receiver.call(byId(), { key }))).toBe(org["organization_name"]);
    expect(upstream.requests).toHaveLength(2);
  });

  test("that moves its slug ends the old slug and a remembered 404 of the new one", async () => {
    const moved = `moved-${crypto.randomUUID().slice(0, 8)}`;
    const old = pathOf(org["organization_slug"]);
    const far = createIsolate();
    const knownBy = (name: unknown) => [org["organization_id"], org["organization_slug"]].includes(name);
    upstream.answer(({ url }) =>
      knownBy(decodeURIComponent(url.split("/").at(-1) ?? ""))
        ? json(organizationEnvelope(org))
        : stytchError(404, "organization_not_found"),
    );
    for (const reader of [receiver, far]) {
      expect((await reader.call(old, { key })).status).toBe(200);
      expect((await reader.call(pathOf(moved), { key })).status).toBe(404);
    }
    org = { ...org, organization_slug: moved };
    await expectTaken(await deliver(updated()));
    const expectMoved = async (reader: TestIsolate) => {
      expect((await reader.call(old, { key })).status).toBe(404);
      expect((await reader.call(pathOf(moved), { key })).status).toBe(200);
    };
    await expectMoved(receiver);
    at(LEASE);
    for (const reader of [far, createIsolate()]) await expectMoved(reader);
  });

  test("that says only the ID ends it under its other names as well", async () => {
    const far = createIsolate();
    await receiver.call(byId(), { key });
    await far.call(pathOf(org["organization_slug"]), { key });
    upstream.answer(() => stytchError(404, "organization_not_found"));
    await expectTaken(
      await deliver(event({ object_type: "organization", action: "DELETE", id: org["organization_id"] })),
    );
    expect((await receiver.call(byId(), { key })).status).toBe(404);
    at(LEASE);
    for (const reader of [receiver, far, createIsolate()]) {
      for (const path of [byId(), pathOf(org["organization_slug"])])
        expect((await reader.call(path, { key })).status).toBe(404);
    }
  });

  test("that comes twice, as Svix sends it again, is taken twice and costs one more read at most", async () => {
    await receiver.call(byId(), { key });
    rename("Renamed");
    const request = signed(updated());
    await expectTaken(await receiver.call(PATH, request));
    expect(await nameIn(await receiver.call(byId(), { key }))).toBe("Renamed");
    at(60);
    await expectTaken(await receiver.call(PATH, request));
    for (let i = 0; i < 3; i += 1) expect(await nameIn(await receiver.call(byId(), { key }))).toBe("Renamed");
    expect(upstream.requests).toHaveLength(3);
  });

  test("is taken by the headers of a white label, and where one of several signatures fits", async () => {
    const { headers, ...request } = signed(updated());
    const renamed = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace("svix-", "webhook-"), value]),
    );
    await expectTaken(await receiver.call(PATH, { ...request, headers: renamed }));
    const several = { ...headers, "svix-signature": `v1,AAAA ${headers["svix-signature"]}` };
    await expectTaken(await receiver.call(PATH, { ...request, headers: several }));
    expect(receiver.counts.objects["purge"]).toBe(8);
  });

  test("is taken by either secret while they rotate, and by no third", async () => {
    const rotating = createIsolate({ STYTCH_WEBHOOK_SECRET: `${SECRET} ${NEXT_SECRET}` });
    for (const secret of [SECRET, NEXT_SECRET])
      await expectTaken(await rotating.call(PATH, signed(updated(), secret)));
    expect(rotating.counts.objects["purge"]).toBe(8);
    expect(
      (await rotating.call(PATH, signed(updated(), `whsec_${btoa("a third, of 24 bytes....")}`))).status,
    ).toBe(401);
    expect(rotating.counts.objects["purge"]).toBe(8);
  });
});

describe("a genuine event of something else", () => {
  const ofMember = (fields: Json) => event({ object_type: "member", source: "SCIM", ...fields });
  const id = () => org["organization_id"];

  test.each<[string, () => Json]>([
    [
      "a member",
      () => {
        const ada = member({ organization_id: id() });
        return ofMember({ id: ada["member_id"], member: ada });
      },
    ],
    [
      "a member's end that says whose it was",
      () => ofMember({ action: "DELETE", id: "member-1", details: { organization_id: id() } }),
    ],
    ...["saml_connection", "oidc_connection", "scim_connection"].map((type): [string, () => Json] => [
      `a ${type}`,
      () => event({ object_type: type, id: `${type}-1`, [type]: { organization_id: id() } }),
    ]),
  ])("%s ends its organization, in every isolate", async (_, body) => {
    const far = createIsolate();
    for (const reader of [receiver, far]) await reader.call(byId(), { key });
    rename("Renamed");
    receiver.resetCounts();
    await expectTaken(await deliver(body()));
    expect(receiver.counts.objects).toEqual({ purge: 2 });
    expect(await nameIn(await receiver.call(byId(), { key }))).toBe("Renamed");
    at(LEASE);
    expect(await nameIn(await far.call(byId(), { key }))).toBe("Renamed");
  });

  test.each<[string, () => unknown]>([
    ["a member's end that names no organization", () => ofMember({ action: "DELETE", id: "member-1" })],
    ["what Postern does not know", () => event({ object_type: "vault", id: id(), vault: org })],
    ["another project", () => updated({ project_id: TEST_VARS.STYTCH_PROJECT_ID.replaceAll("2", "3") })],
    ["an organization without a name", () => updated({ id: "a/b", organization: {} })],
    ["no type", () => updated({ object_type: null })],
    ["a list", () => [updated()]],
    ["null", () => null],
    ["no JSON", () => "organization=acme"],
    ["JSON that is cut", () => JSON.stringify(updated()).slice(0, -1)],
    ["nothing", () => ""],
    ["JSON of 201 levels", () => `${"[".repeat(201)}${"]".repeat(201)}`],
    ["an object that has no text", () => updated({ source: { toString: null }, object_type: "vault" })],
  ])("%s is taken, and purges nothing", async (_, body) => {
    await receiver.call(byId(), { key });
    receiver.resetCounts();
    await expectTaken(await deliver(body()));
    await expectNothingPurged();
  });
});

describe("where", () => {
  test("the Directory fails, nothing is purged, and Svix is told to send it again", async () => {
    await receiver.call(byId(), { key });
    receiver.resetCounts();
    vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
      throw new Error("the directory fails");
    });
    const request = signed(updated());
    const answer = await receiver.call(PATH, request);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await answer.json()).toMatchObject({ error_type: "purge_unavailable" });
    expect(logLines().at(-1)).toMatchObject({ status: 503, degraded: ["directory"] });
    // The Directory's own call is all there was.
    expect(receiver.counts.objects).toEqual({ purge: 1 });
    expect(statusOf(await receiver.call(byId(), { key }))).toMatch(/^postern; hit/);
    vi.restoreAllMocks();
    upstream = stubUpstream(() => json(organizationEnvelope(org)));
    rename("Renamed");
    await expectTaken(await receiver.call(PATH, request));
    expect(await nameIn(await receiver.call(byId(), { key }))).toBe("Renamed");
  });

  test("an organization's object fails, the purge holds all the same: the Directory has listed it", async () => {
    const far = createIsolate();
    for (const reader of [receiver, far]) await reader.call(byId(), { key });
    rename("Renamed");
    vi.spyOn(Organization.prototype, "purge").mockRejectedValue(new Error("gone"));
    await expectTaken(await deliver(updated()));
    expect(logLines().at(-1)).toMatchObject({ status: 204, degraded: ["organization_object"] });
    expect(await nameIn(await receiver.call(byId(), { key }))).toBe("Renamed");
    at(LEASE);
    expect(await nameIn(await far.call(byId(), { key }))).toBe("Renamed");
  });
});

test("the log line of a genuine webhook says what it was about and whether it purged, and nothing of its body", async () => {
  const isolate = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
  const send = async (event: object) => {
    expect((await isolate.call(PATH, signed(event))).status).toBe(204);
    return logLines().at(-1);
  };
  const update = { source: "DIRECT", action: "UPDATE", id: "organization-logged" };
  expect(await send({ ...update, object_type: "organization" })).toMatchObject({
    webhook: { event: "direct.organization.update", purges: true },
  });
  const ignored = await send({ ...update, object_type: "session" });
  expect(ignored).toMatchObject({ webhook: { event: "direct.session.update", purges: false } });
  expect(JSON.stringify(logLines())).not.toContain("organization-logged");
});
