/** What a member's session reads: its own organization and its own member record, and nothing else. */
import { expect, test } from "vitest";
import { type Json, member, memberEnvelope, organization } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createKey } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { organizationPath } from "../support/paths.ts";
import { useSessions } from "../support/sessions.ts";
import { json } from "../support/upstream.ts";

const clock = useClock();
const setUp = useSessions();

const memberPath = (query: string, name = setUp.world.organizationId) =>
  `${organizationPath(name)}/member?${query}`;
const errorOf = async (response: Response) => (await response.json<{ error_type: string }>()).error_type;

test("a session reads its organization by ID, slug and external ID", async () => {
  await setUp.allow();
  const token = await setUp.token();
  for (const name of ["organization_id", "organization_slug", "organization_external_id"]) {
    const response = await setUp.read(organizationPath(String(setUp.world.organization[name])), token);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ organization: setUp.world.organization });
    expect(response.headers.get("Vary")).toBe("Authorization");
  }
  expect(logLines().at(-1)).toMatchObject({ session: true, key_id: null, status: 200 });
});

test("a hit with a session that the isolate has verified costs no I/O", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const path = organizationPath(setUp.world.organization);
  const first = await setUp.read(path, token);
  setUp.isolate.resetCounts();
  setUp.world.upstream.requests.length = 0;
  const second = await setUp.read(path, token);
  expect(second.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
  expect(setUp.isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(setUp.world.upstream.requests).toEqual([]);
  const etag = String(first.headers.get("ETag"));
  expect((await setUp.read(path, token, { "If-None-Match": etag })).status).toBe(304);
  expect((await setUp.isolate.call(path, { key: token, method: "HEAD" })).status).toBe(200);
});

test("another organization is missing for a session, by every name, and so is one that nobody has", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const other = organization({ organization_external_id: `ext|${crypto.randomUUID()}` });
  const { key } = await createKey(setUp.isolate);
  setUp.world.upstream.answer(({ url }) =>
    url.includes("/jwks/")
      ? json({ keys: setUp.keys, request_id: "r", status_code: 200 })
      : json({ organization: other, request_id: "r", status_code: 200 }),
  );
  for (const name of ["organization_id", "organization_slug", "organization_external_id"]) {
    const path = organizationPath(String(other[name]));
    // Another caller has filled the cache.
    expect((await setUp.isolate.call(path, { key })).status).toBe(200);
    const response = await setUp.read(path, token, { "If-None-Match": "*" });
    expect(response.status).toBe(404);
    expect(await errorOf(response)).toBe("organization_not_found");
    expect(
      (await setUp.read(memberPath(`member_id=${setUp.world.memberId}`, String(other[name])), token)).status,
    ).toBe(404);
  }
});

test("the policy's fields are all that a session sees of its organization and member", async () => {
  await setUp.allow({ fields: { organization: ["organization_name"], member: ["status"] } });
  const token = await setUp.token();
  const read = await setUp.read(organizationPath(setUp.world.organization), token);
  const name = { organization_name: setUp.world.organization["organization_name"] };
  expect(await read.json()).toEqual({ organization: name, request_id: expect.any(String), status_code: 200 });
  const own = await setUp.read(memberPath(`member_id=${setUp.world.memberId}`), token);
  expect(await own.json()).toMatchObject({ organization: name, member: { status: "active" } });
});

test("a session reads its own member record by ID and by address", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const id = setUp.world.memberId;
  for (const query of [
    `member_id=${id}`,
    `member_id=${id}&email_address=ada%40acme.example`,
    "email_address=ada%40acme.example",
    "email_address=ADA%40Acme.example",
  ]) {
    for (const name of [setUp.world.organizationId, setUp.world.slug]) {
      const response = await setUp.read(memberPath(query, name), token);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ member: setUp.world.member });
    }
  }
  const { organizationId, slug } = setUp.world;
  // Stytch is asked for the own member alone, whatever the query says.
  const inTurn = [organizationId, slug].map((name) => memberPath(`member_id=${id}`, name));
  expect(setUp.reads().filter((path) => path.includes("/member?"))).toEqual(
    Array.from({ length: 4 }, () => inTurn).flat(),
  );
});

test("whatever member a session asks for, Stytch is asked for its own or for none", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const id = setUp.world.memberId;
  const stranger = member({ organization_id: setUp.world.organizationId });
  const queries = [
    `member_id=${stranger["member_id"]}`,
    `member_id=${setUp.world.member["external_id"]}`,
    "member_id=nobody",
    "email_address=eve%40acme.example",
    `member_id=${id}&email_address=eve%40acme.example`,
    `member_id=${stranger["member_id"]}&email_address=ada%40acme.example`,
  ];
  for (const query of queries) {
    const response = await setUp.read(memberPath(query), token);
    expect(response.status).toBe(404);
    expect(await errorOf(response)).toBe("member_not_found");
  }
  const asked = setUp.reads().filter((path) => path.includes("/member?"));
  expect(new Set(asked)).toEqual(new Set([memberPath(`member_id=${id}`)]));
});

test("an answer of Stytch about another member or organization never reaches a session", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const { world } = setUp;
  await setUp.read("/whoami", token);
  const id = world.memberId;
  const stranger = member({ organization_id: world.organizationId, external_id: id });
  const answers: Json[] = [
    memberEnvelope(stranger, world.organization),
    memberEnvelope(stranger, world.organization, { member_id: id }),
    memberEnvelope(world.member, world.organization, { member_id: stranger["member_id"] }),
    memberEnvelope({ ...world.member, organization_id: "organization-test-other" }, world.organization),
  ];
  for (const answer of answers) {
    world.upstream.answer(() => json(answer));
    const response = await setUp.read(memberPath(`member_id=${id}`), token);
    expect([404, 502]).toContain(response.status);
    expect(await response.text()).not.toContain(String(stranger["member_id"]));
  }
});

test.each([
  ["metrics", () => `${organizationPath(setUp.world.organization)}/metrics`],
  ["connected apps", () => `${organizationPath(setUp.world.organization)}/connected_apps`],
  ["an RBAC policy", () => `/v1/b2b/rbac/organizations/${setUp.world.organizationId}`],
  ["the project's RBAC policy", () => "/v1/b2b/rbac/policy"],
  ["the usage of a key", () => "/whoami/usage"],
  ["dangerously_get", () => `/v1/b2b/organizations/members/dangerously_get/${setUp.world.memberId}`],
])("a session may not read %s", async (_, path) => {
  await setUp.allow();
  const response = await setUp.read(path(), await setUp.token());
  expect(response.status).toBe(403);
  expect(await errorOf(response)).toBe("insufficient_scope");
  expect(setUp.reads()).toEqual([]);
});

test("a session may not force a refresh, and has no scope that the policy lacks", async () => {
  await setUp.allow({ scopes: ["organizations:read"] });
  const token = await setUp.token();
  const path = organizationPath(setUp.world.organization);
  expect((await setUp.read(path, token, { "Postern-Cache": "refresh" })).status).toBe(403);
  expect((await setUp.read(memberPath(`member_id=${setUp.world.memberId}`), token)).status).toBe(403);
  expect((await setUp.read(path, token)).status).toBe(200);
  await setUp.allow({ scopes: ["members:read"] });
  clock.advance(6);
  expect((await setUp.read(path, token)).status).toBe(403);
  expect((await setUp.read(memberPath(`member_id=${setUp.world.memberId}`), token)).status).toBe(200);
});

test("a session has no place in the admin API", async () => {
  await setUp.allow();
  const token = await setUp.token();
  for (const path of ["/admin/keys", "/admin/session-policy"]) {
    expect((await setUp.read(path, token)).status).toBe(401);
  }
});

test("whoami tells a session what it is and may do", async () => {
  await setUp.allow({
    fields: { organization: ["organization_name"] },
    rate_limit: { limit: 2, period_seconds: 60 },
  });
  const token = await setUp.token();
  for (const _ of [1, 2, 3]) {
    const response = await setUp.read("/whoami", token);
    expect(await response.json()).toEqual({
      kind: "session",
      organization_id: setUp.world.organizationId,
      member_id: setUp.world.memberId,
      expires_at: "2027-01-15T08:05:00Z",
      scopes: ["organizations:read", "members:read"],
      fields: { organization: ["organization_name"], member: null },
    });
    expect(response.headers.get("RateLimit")).toBe('"key";r=2;t=0');
    expect(response.headers.get("Vary")).toBe("Authorization");
  }
});
