import { expect, test } from "vitest";
import { notable } from "../../sandbox/notable.ts";
import { demo, getMembers, organizations } from "../../sandbox/seed.ts";
import {
  expectRejection,
  getMember,
  getOrganization,
  readRequestLog,
  sendControl,
  useSandbox,
} from "./harness.ts";

const members = getMembers();

useSandbox();

interface Page {
  readonly organizations?: {
    organization_id: string;
    member_count: number;
    bytes: number;
    has_scim: boolean;
  }[];
  readonly members?: { member_id: string; status: string; organization_id: string }[];
  readonly total: number;
  readonly next_offset: number | null;
}

async function list(resource: string): Promise<Page> {
  const response = await sendControl("GET", resource);
  expect(response.status, await response.clone().text()).toBe(200);
  return await response.json();
}

test("a list of organizations begins with the demo and shows what identifies it", async () => {
  const page = await list("organizations?limit=2");
  expect(page).toMatchObject({ total: 1_000, next_offset: 2 });
  expect(page.organizations).toHaveLength(2);
  expect(page.organizations?.[0]).toEqual({
    organization_id: demo.organization_id,
    organization_name: "Acme Corporation",
    organization_slug: "acme",
    organization_external_id: "crm|1001",
    member_count: 5,
    has_scim: true,
    bytes: expect.any(Number),
  });
});

test("a list of members shows how to find each of them, deleted ones too", async () => {
  const page = await list(`members?limit=1&organization_id=${demo.organization_id}`);
  expect(page).toMatchObject({ total: 5, next_offset: 1 });
  expect(page.members).toEqual([
    {
      member_id: demo.member_id,
      organization_id: demo.organization_id,
      email_address: "amara.okafor@acme.example",
      name: "Amara Okafor",
      status: "active",
      external_id: members[0]?.["external_id"] ?? null,
      has_scim: true,
    },
  ]);
  const deleted = await list("members?organization_id=acme&status=deleted");
  expect(deleted.members?.map((member) => member.member_id)).toEqual([demo.deleted_member_id]);
});

test.each([
  ["organizations", "organization_id", organizations],
  ["members", "member_id", members],
] as const)("the pages of %s hold each of them once, in the order of the seed", async (kind, id, all) => {
  const ids: unknown[] = [];
  let offset: number | null = 0;
  while (offset !== null) {
    const page: Page = await list(`${kind}?limit=200&offset=${offset}`);
    ids.push(...(page[kind] ?? []).map((each: Record<string, unknown>) => each[id]));
    offset = page.next_offset;
  }
  expect(ids).toEqual(all.map((each) => each[id]));
});

test.each(["organizations", "members"] as const)("a list of %s has 50 of them by default", async (kind) => {
  const page = await list(kind);
  expect(page[kind]).toHaveLength(50);
  expect(page.next_offset).toBe(50);
});

test.each(["offset=999", "offset=1000", "offset=1000000"])(
  "organizations?%s ends the list",
  async (query) => {
    const page = await list(`organizations?limit=1&${query}`);
    expect(page).toMatchObject({ total: 1_000, next_offset: null });
  },
);

test.each(["member_count", "bytes"] as const)("sort=%s puts the greatest first", async (field) => {
  const page = await list(`organizations?limit=200&sort=${field}`);
  const sizes = page.organizations?.map((each) => each[field]) ?? [];
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  expect(sizes[0]).toBeGreaterThan(sizes.at(-1) ?? Number.NaN);
});

test("the largest organization of the list has as many bytes as the sandbox serves", async () => {
  const [largest] = (await list("organizations?limit=1&sort=bytes")).organizations ?? [];
  const body: { organization: object } = await (await getOrganization(largest?.organization_id ?? "")).json();
  expect(new TextEncoder().encode(JSON.stringify(body.organization)).byteLength).toBe(largest?.bytes);
  expect(largest?.bytes).toBeGreaterThan(40_000);
});

test("lists show changes and deletions, and a reset takes them back", async () => {
  await sendControl("PATCH", `organizations/${demo.organization_id}`, { organization_slug: "renamed" });
  await sendControl("PATCH", `members/${demo.member_id}`, { status: "deleted" });
  expect((await list("organizations?limit=1")).organizations).toMatchObject([
    { organization_slug: "renamed" },
  ]);
  expect((await list("members?organization_id=renamed&status=deleted")).total).toBe(2);
  await sendControl("DELETE", `organizations/${demo.organization_id}`);
  expect((await list("organizations?limit=1")).total).toBe(999);
  expect((await sendControl("GET", "members?organization_id=renamed")).status).toBe(404);
  expect((await list("members")).total).toBe(members.length - 5);
  await sendControl("POST", "reset");
  expect((await list("members?organization_id=acme")).total).toBe(5);
});

test.each([
  ["organizations?limit=0", "limit"],
  ["organizations?limit=201", "limit"],
  ["organizations?limit=", "limit"],
  ["organizations?limit=ten", "limit"],
  ["organizations?limit=1.5", "limit"],
  ["organizations?limit=1e2", "limit"],
  ["organizations?limit=%2B5", "limit"],
  ["organizations?limit=5&limit=6", "limit may be given once"],
  ["organizations?offset=-1", "offset"],
  ["organizations?offset=1000001", "offset"],
  ["organizations?sort=name", "sort"],
  ["organizations?status=active", "status"],
  ["members?limit=0", "limit"],
  ["members?offset=x", "offset"],
  ["members?organisation_id=acme", "organisation_id"],
  ["members?organization_id=", "organization_id"],
  ["members?__proto__=1", "__proto__"],
])("GET %s is a 400 that names what is wrong", async (resource, reason) => {
  await expectRejection(await sendControl("GET", resource), reason);
});

test("members of an organization that does not exist are a 404, not an empty list", async () => {
  const response = await sendControl("GET", "members?organization_id=nobody");
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({ message: "The sandbox has no such organization." });
});

test("lists are no API calls: faults, latency and the log of requests leave them alone", async () => {
  await sendControl("POST", "faults", { kind: "status", status: 503 });
  await list("organizations");
  await list("members");
  expect((await readRequestLog()).total).toBe(0);
  expect((await getOrganization("acme")).status).toBe(503);
});

test("the notable organizations never change, since npm start and documents name them", () => {
  expect(notable.nonLatin.organization_name).toBe("深圳云帆科技 30");
  expect(notable.nonLatin.organization_slug).toBe("org-3144c9-30");
  expect(notable.largest.organization_slug).toBe("BACK-SLASH-SLASH-561");
  expect(notable.scim.organization_slug).toBe("Umbra-Logistics-Labs-10");
});

test("each notable organization is what it is named for", async () => {
  expect(notable.nonLatin.organization_name).not.toMatch(/\p{sc=Latin}/u);
  const [largest] = (await list("organizations?limit=1&sort=member_count")).organizations ?? [];
  expect(largest).toMatchObject({ organization_id: notable.largest.organization_id, member_count: 60 });
  const body = await (await getMember(notable.scimMember.member_id)).json();
  expect(body).toMatchObject({
    member: { status: "active", scim_registration: expect.anything() },
    organization: {
      organization_id: notable.scim.organization_id,
      scim_active_connection: expect.anything(),
    },
  });
});
