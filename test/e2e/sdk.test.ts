/** The official Node SDK against Postern: only its base URL and secret are changed. */
import { B2BClient, StytchError } from "stytch";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { demo, organizations } from "../../sandbox/seed.ts";
import { type Running, run } from "./running.ts";
import { PROJECT_ID } from "./secrets.ts";

let postern: Running;
let key: string;

beforeAll(async () => {
  postern = await run();
  key = await postern.mint(["organizations:read", "members:dangerously_get", "members:include_deleted"]);
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  // The SDK warns of a plain-HTTP base URL.
  vi.spyOn(console, "warn").mockImplementation(() => {});
  await postern.upstreamCalls();
});
afterEach(() => vi.restoreAllMocks());

const client = (secret = key) => new B2BClient({ project_id: PROJECT_ID, secret, env: `${postern.url}/` });

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
  const members = client().organizations.members;
  await expect(members.dangerouslyGet({ member_id: demo.deleted_member_id })).rejects.toMatchObject({
    error_type: "member_not_found",
  });
  const { member } = await members.dangerouslyGet({
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
