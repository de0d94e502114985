/** The official Node SDK against Postern, of which only its base URL and secret are changed; and what an operator decides about keys, as it meets that. */

import { type Item, parseList } from "structured-headers";
import { B2BClient, StytchError } from "stytch";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PROJECT_ID } from "../../dev/credentials.ts";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo, members, organizations } from "../../sandbox/seed.ts";

let postern: SandboxedPostern;
let key: string;

beforeAll(async () => {
  postern = await startSandboxedPostern({ LEASE_SECONDS: "1" });
  key = await postern.createKey(["organizations:read", "members:dangerously_get", "members:include_deleted"]);
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  // The SDK warns of a plain-HTTP base URL.
  vi.spyOn(console, "warn").mockImplementation(() => {});
  await postern.upstreamCalls();
});
afterEach(() => vi.restoreAllMocks());

const client = (secret = key) => new B2BClient({ project_id: PROJECT_ID, secret, env: `${postern.url}/` });

const read = async (key: string, name: string) =>
  await fetch(`${postern.url}/v1/b2b/organizations/${encodeURIComponent(name)}`, {
    headers: { Authorization: `Bearer ${key}` },
  });

test("an organization is read by ID, slug and external ID, and only the first read by each reaches Stytch", async () => {
  const [acme] = organizations;
  for (const name of [demo.organization_id, demo.organization_slug, demo.organization_external_id]) {
    for (const _ of [1, 2]) {
      const { organization, status_code } = await client().organizations.get({ organization_id: name });
      expect(status_code).toBe(200);
      expect(organization).toEqual(acme);
    }
  }
  expect(await postern.upstreamCalls()).toBe(3);
});

test("a slug that nobody asked for before is read from Stytch once", async () => {
  const other = organizations[7];
  const slug = String(other?.organization_slug);
  for (const _ of [1, 2]) {
    expect((await client().organizations.get({ organization_id: slug })).organization).toEqual(other);
  }
  expect(await postern.upstreamCalls()).toBe(1);
});

test("a missing organization raises a StytchError that says so", async () => {
  const missing = client().organizations.get({ organization_id: "organization-test-none" });
  await expect(missing).rejects.toBeInstanceOf(StytchError);
  await expect(missing).rejects.toMatchObject({
    status_code: 404,
    error_type: "organization_not_found",
    error_message: expect.any(String),
    error_url: expect.any(String),
    request_id: expect.any(String),
  });
});

test("a member is read, and each read reaches Stytch", async () => {
  for (const _ of [1, 2]) {
    const { member } = await client().organizations.members.dangerouslyGet({ member_id: demo.member_id });
    expect(member.member_id).toBe(demo.member_id);
    expect(member.status).toBe("active");
  }
  expect(await postern.upstreamCalls()).toBe(2);
});

test("a deleted member is there only with include_deleted", async () => {
  const ofSdk = client().organizations.members;
  await expect(ofSdk.dangerouslyGet({ member_id: demo.deleted_member_id })).rejects.toMatchObject({
    error_type: "member_not_found",
  });
  const { member } = await ofSdk.dangerouslyGet({
    member_id: demo.deleted_member_id,
    include_deleted: true,
  });
  expect(member.status).toBe("deleted");
});

test("a forged key raises a StytchError and never reaches Stytch", async () => {
  const forged = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  const refused = client(forged).organizations.get({ organization_id: demo.organization_slug });
  await expect(refused).rejects.toMatchObject({ status_code: 401, error_type: "invalid_key" });
  expect(await postern.upstreamCalls()).toBe(0);
});

test("the SDK sees the fields of its key, of its organizations, and nothing of another", async () => {
  const key = await postern.createKey(["organizations:read", "members:dangerously_get"], {
    organization_ids: [demo.organization_id],
    fields: { organization: ["organization_id", "organization_name"], member: ["member_id", "status"] },
  });
  const { organization } = await client(key).organizations.get({ organization_id: demo.organization_slug });
  expect(organization).toEqual({
    organization_id: demo.organization_id,
    organization_name: "Acme Corporation",
  });
  const { member } = await client(key).organizations.members.dangerouslyGet({ member_id: demo.member_id });
  expect(member).toEqual({ member_id: demo.member_id, status: "active" });

  const stranger = organizations[3];
  const strangers = members.find(
    (one) => one.organization_id === stranger?.organization_id && one["status"] === "active",
  );
  for (const name of [stranger?.organization_id, stranger?.organization_slug]) {
    await expect(client(key).organizations.get({ organization_id: String(name) })).rejects.toMatchObject({
      error_type: "organization_not_found",
    });
  }
  await expect(
    client(key).organizations.members.dangerouslyGet({ member_id: String(strangers?.member_id) }),
  ).rejects.toMatchObject({ error_type: "member_not_found" });
});

test("300 concurrent calls on a limit of 50 an hour: exactly 50 pass", async () => {
  const key = await postern.createKey(["organizations:read"], {
    rate_limit: { limit: 50, period_seconds: 3_600 },
  });
  const answers = await Promise.all(Array.from({ length: 300 }, () => read(key, demo.organization_slug)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(250);
});

test("a limit that is hammered for three seconds is used up, not exceeded, and told of as the draft has it", async () => {
  const key = await postern.createKey(["organizations:read"], {
    rate_limit: { limit: 40, period_seconds: 2 },
  });
  const began = performance.now();
  const answers: { status: number; ms: number }[] = [];
  const caller = async () => {
    while (performance.now() - began < 3_000) {
      const answer = await read(key, demo.organization_slug);
      await answer.text();
      answers.push({ status: answer.status, ms: performance.now() - began });
      const [policy] = parseList(String(answer.headers.get("RateLimit-Policy"))) as [Item];
      const [quota] = parseList(String(answer.headers.get("RateLimit"))) as [Item];
      expect([policy[0], policy[1].get("q"), policy[1].get("w"), quota[0]]).toEqual(["key", 40, 2, "key"]);
      expect(quota[1].get("r")).toBeLessThan(40);
      const retryAfter = answer.headers.get("Retry-After");
      if (answer.status === 429)
        expect([quota[1].get("r"), quota[1].get("t")]).toEqual([0, Number(retryAfter)]);
      else expect(retryAfter).toBeNull();
    }
  };
  await Promise.all(Array.from({ length: 10 }, caller));
  const admitted = answers.filter(({ status }) => status === 200);
  const seconds = Math.max(...answers.map(({ ms }) => ms)) / 1_000;
  expect(admitted.length).toBeLessThanOrEqual(40 + seconds * 20);
  expect(admitted.length).toBeGreaterThan((40 + 3 * 20) * 0.9);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
});

test("the SDK raises a StytchError with the limit's own type", async () => {
  const key = await postern.createKey(["organizations:read"], {
    rate_limit: { limit: 1, period_seconds: 3_600 },
  });
  const organizationId = { organization_id: demo.organization_slug };
  await client(key).organizations.get(organizationId);
  await expect(client(key).organizations.get(organizationId)).rejects.toMatchObject({
    status_code: 429,
    error_type: "too_many_requests",
  });
});

test("a revoked key ends within LEASE_SECONDS", async () => {
  const key = await postern.createKey(["organizations:read"]);
  expect((await read(key, demo.organization_slug)).status).toBe(200);
  await postern.admin("DELETE", `/admin/keys/${key.split("_")[2]}`);
  const answered = performance.now();
  await vi.waitFor(async () => expect((await read(key, demo.organization_slug)).status).toBe(401), {
    timeout: 3_000,
  });
  expect(performance.now() - answered).toBeLessThan(1_500);
});
