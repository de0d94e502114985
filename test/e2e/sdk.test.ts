/**
 * The official Node SDK against Postern, with only its base URL and secret changed, and the policy of a key as the SDK
 * meets it.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Item, parseList } from "structured-headers";
import { B2BClient, StytchError } from "stytch";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PROJECT_ID } from "../../dev/credentials.ts";
import { demo, getMembers, organizations } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { type ClockedPostern, startClockedPostern } from "./postern.ts";

const members = getMembers();

let postern: ClockedPostern;
let key: string;

beforeAll(async () => {
  postern = await startClockedPostern({ LEASE_SECONDS: "1" });
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
  await fetch(postern.url + organizationPath(name), {
    headers: { Authorization: `Bearer ${key}` },
  });

test("the SDK reads by ID, slug and external ID; the first read of each reaches Stytch", async () => {
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

test("a new slug is read from Stytch once", async () => {
  const other = organizations[7];
  const slug = String(other?.organization_slug);
  for (const _ of [1, 2]) {
    expect((await client().organizations.get({ organization_id: slug })).organization).toEqual(other);
  }
  expect(await postern.upstreamCalls()).toBe(1);
});

test("a missing organization raises a StytchError with all its fields", async () => {
  const missing = client().organizations.get({ organization_id: "organization-test-none" });
  await expect(missing).rejects.toBeInstanceOf(StytchError);
  await expect(missing).rejects.toMatchObject({
    status_code: 404,
    error_type: "organization_not_found",
    error_message: expect.any(String),
    error_url: `${postern.url}/docs/errors#organization_not_found`,
    request_id: expect.any(String),
  });
});

test("every member read of the SDK reaches Stytch", async () => {
  for (const _ of [1, 2]) {
    const { member } = await client().organizations.members.dangerouslyGet({ member_id: demo.member_id });
    expect(member.member_id).toBe(demo.member_id);
    expect(member.status).toBe("active");
  }
  expect(await postern.upstreamCalls()).toBe(2);
});

test("a deleted member is found only with include_deleted", async () => {
  const sdkMembers = client().organizations.members;
  await expect(sdkMembers.dangerouslyGet({ member_id: demo.deleted_member_id })).rejects.toMatchObject({
    error_type: "member_not_found",
  });
  const { member } = await sdkMembers.dangerouslyGet({
    member_id: demo.deleted_member_id,
    include_deleted: true,
  });
  expect(member.status).toBe("deleted");
});

test("a forged key raises a StytchError and does not reach Stytch", async () => {
  const forged = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  const refused = client(forged).organizations.get({ organization_id: demo.organization_slug });
  await expect(refused).rejects.toMatchObject({ status_code: 401, error_type: "invalid_key" });
  expect(await postern.upstreamCalls()).toBe(0);
});

test("the SDK sees only the fields and the organizations that its key allows", async () => {
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

test("a limit of 50 an hour admits exactly 50 of 300 concurrent calls", async () => {
  const key = await postern.createKey(["organizations:read"], {
    rate_limit: { limit: 50, period_seconds: 3_600 },
  });
  const responses = await Promise.all(Array.from({ length: 300 }, () => read(key, demo.organization_slug)));
  const statuses = responses.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(250);
});

test("a limit under load for 3 s is used up, not exceeded, with RateLimit headers", async () => {
  const key = await postern.createKey(["organizations:read"], {
    rate_limit: { limit: 40, period_seconds: 2 },
  });
  const began = performance.now();
  const responses: { status: number; ms: number }[] = [];
  const caller = async () => {
    while (performance.now() - began < 3_000) {
      const response = await read(key, demo.organization_slug);
      await response.text();
      responses.push({ status: response.status, ms: performance.now() - began });
      const [policy] = parseList(String(response.headers.get("RateLimit-Policy"))) as [Item];
      const [quota] = parseList(String(response.headers.get("RateLimit"))) as [Item];
      expect([policy[0], policy[1].get("q"), policy[1].get("w"), quota[0]]).toEqual(["key", 40, 2, "key"]);
      expect(quota[1].get("r")).toBeLessThan(40);
      const retryAfter = response.headers.get("Retry-After");
      if (response.status === 429)
        expect([quota[1].get("r"), quota[1].get("t")]).toEqual([0, Number(retryAfter)]);
      else expect(retryAfter).toBeNull();
      // The ten still ask for several times what the limit admits.
      await sleep(50);
    }
  };
  await Promise.all(Array.from({ length: 10 }, caller));
  const admitted = responses.filter(({ status }) => status === 200);
  const seconds = Math.max(...responses.map(({ ms }) => ms)) / 1_000;
  expect(admitted.length).toBeLessThanOrEqual(40 + seconds * 20);
  expect(admitted.length).toBeGreaterThan((40 + 3 * 20) * 0.9);
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200, 429]));
});

test("a limited call raises a StytchError of the type too_many_requests", async () => {
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

test("a revoked key is refused within LEASE_SECONDS", async () => {
  const key = await postern.createKey(["organizations:read"]);
  expect((await read(key, demo.organization_slug)).status).toBe(200);
  await postern.admin("DELETE", `/admin/keys/${key.split("_")[2]}`);
  await postern.advance(1_000);
  expect((await read(key, demo.organization_slug)).status).toBe(401);
});
