import { describe, expect, test } from "vitest";
import { demo, members, organizations } from "../../sandbox/seed.ts";
import { createMembers } from "../../sandbox/seed-members.ts";
import { createOrganizations } from "../../sandbox/seed-organizations.ts";
import type { Json, JsonObject } from "../../sandbox/shapes.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const TIME = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function countWhere<T>(list: readonly T[], holds: (item: T) => boolean): number {
  return list.filter(holds).length;
}

function values(list: readonly JsonObject[], field: string): Json[] {
  return list.flatMap((item) => (Object.hasOwn(item, field) ? [item[field] ?? null] : []));
}

function bytes(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

describe("the seed as a whole", () => {
  test("the same seed gives the same data, another seed gives other data", () => {
    const first = createOrganizations(7);
    expect(createOrganizations(7)).toEqual(first);
    expect(createMembers(8, first)).toEqual(createMembers(8, createOrganizations(7)));
    expect(createOrganizations(9)[0]?.organization_id).not.toBe(first[0]?.organization_id);
  });

  test("the published IDs stay what they are: scripts and examples may name them", () => {
    expect(demo).toEqual({
      organization_id: "organization-test-a3db8489-e5dc-4516-a22b-fda897f3734a",
      organization_slug: "acme",
      organization_external_id: "crm|1001",
      member_id: "member-test-7e3fad4f-e7cc-4e6e-a6c6-b804e9c2d4f4",
      deleted_member_id: "member-test-b19e4d8e-bc1d-4c8c-85ee-f062dcd3feb3",
    });
  });

  test("there are 1,000 organizations and about five times as many members", () => {
    expect(organizations.length).toBe(1_000);
    expect(members.length).toBeGreaterThan(5_000);
    expect(members.length).toBeLessThan(6_000);
  });

  test("no key names two organizations, whichever kind of key it is", () => {
    const keys = organizations.flatMap((each) => [
      each.organization_id,
      each.organization_slug,
      ...values([each], "organization_external_id").filter((id) => id !== null),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("IDs are unique and have the form that the test environment gives them", () => {
    for (const { organization_id: id } of organizations)
      expect(id).toMatch(new RegExp(`^organization-test-${UUID}$`));
    for (const { member_id: id } of members) expect(id).toMatch(new RegExp(`^member-test-${UUID}$`));
    expect(new Set(members.map((member) => member.member_id)).size).toBe(members.length);
  });

  test("slugs and external IDs hold only what upstream allows", () => {
    for (const slug of values(organizations, "organization_slug")) expect(slug).toMatch(/^[\w.~-]{2,128}$/);
    for (const id of values(organizations, "organization_external_id")) {
      if (id !== null) expect(id).toMatch(/^[\w.|-]{1,128}$/);
    }
  });

  test("every member belongs to an organization, and some organizations have none", () => {
    const ids = new Set(organizations.map((each) => each.organization_id));
    const used = new Set(members.map((member) => member.organization_id));
    expect([...used].filter((id) => !ids.has(id))).toEqual([]);
    expect(used.size).toBeLessThan(ids.size);
  });

  test("timestamps are whole seconds in UTC, none updated before it was created", () => {
    for (const item of [...organizations, ...members]) {
      const { created_at: created, updated_at: updated } = item;
      if (created === undefined) continue;
      expect(created).toMatch(TIME);
      expect(updated).toMatch(TIME);
      expect(String(updated) >= String(created)).toBe(true);
    }
  });
});

describe("the demonstration", () => {
  test("is the first organization, Acme Corporation, with its slug and external ID", () => {
    expect(organizations[0]).toMatchObject({
      organization_id: demo.organization_id,
      organization_name: "Acme Corporation",
      organization_slug: "acme",
      organization_external_id: "crm|1001",
    });
  });

  test("has an active first member and one deleted member", () => {
    const team = members.filter((member) => member.organization_id === demo.organization_id);
    expect(team[0]).toMatchObject({ member_id: demo.member_id, status: "active" });
    const deleted = team.filter((member) => member.status === "deleted");
    expect(deleted.map((member) => member.member_id)).toEqual([demo.deleted_member_id]);
  });
});

describe("variety of organizations", () => {
  test.each(["organization_external_id", "sso_default_connection_id", "scim_active_connection"])(
    "%s is a value here, an explicit null there, and elsewhere absent",
    (field) => {
      const present = values(organizations, field);
      expect(countWhere(present, (value) => value === null)).toBeGreaterThan(10);
      expect(countWhere(present, (value) => value !== null)).toBeGreaterThan(10);
      const mayBeAbsent = field !== "sso_default_connection_id";
      expect(present.length < organizations.length).toBe(mayBeAbsent);
    },
  );

  test("most carry scim_active_connections, which no SDK knows, and some do not", () => {
    const present = values(organizations, "scim_active_connections");
    expect(present.length).toBeGreaterThan(80);
    expect(present.length).toBeLessThan(organizations.length - 10);
    expect(present.every((value) => Array.isArray(value) && value.length === 0)).toBe(true);
  });

  test("some trusted_metadata is longer than 10 KB, some empty", () => {
    const metadata = values(organizations, "trusted_metadata");
    expect(countWhere(metadata, (value) => bytes(value) > 10_240)).toBeGreaterThanOrEqual(5);
    expect(countWhere(metadata, (value) => bytes(value) === 2)).toBeGreaterThan(20);
  });

  test("names are also non-Latin, emoji, and as long as upstream allows", () => {
    const names = organizations.map((each) => each.organization_name);
    expect(
      countWhere(names, (name) => /[\p{sc=Han}\p{sc=Arabic}\p{sc=Cyrillic}]/u.test(name)),
    ).toBeGreaterThan(10);
    expect(countWhere(names, (name) => /\p{Extended_Pictographic}/u.test(name))).toBeGreaterThan(3);
    expect(Math.max(...names.map((name) => name.length))).toBe(128);
  });

  test("slugs keep upper case, and external IDs hold bars", () => {
    expect(countWhere(organizations, (each) => /[A-Z]/.test(each.organization_slug))).toBeGreaterThan(20);
    const ids = values(organizations, "organization_external_id");
    expect(countWhere(ids, (id) => String(id).includes("|"))).toBeGreaterThan(10);
  });

  test.each(["sso_active_connections", "custom_roles", "claimed_email_domains", "allowed_auth_methods"])(
    "%s is empty in some and filled in others",
    (field) => {
      const lists = values(organizations, field).filter(Array.isArray);
      expect(countWhere(lists, (list) => list.length === 0)).toBeGreaterThan(10);
      expect(countWhere(lists, (list) => list.length > 0)).toBeGreaterThan(10);
    },
  );

  test("there are enumeration values and fields that no SDK lists", () => {
    expect(values(organizations, "mfa_policy")).toContain("REQUIRED_FOR_ADMINS");
    expect(values(organizations, "auth_methods")).toContain("PASSKEY_FIRST");
    expect(values(organizations, "agent_access_policy").length).toBeGreaterThan(0);
  });
});

describe("variety of members", () => {
  test("there are members of every status, an unknown one included", () => {
    const statuses = new Set(members.map((member) => member.status));
    expect(statuses).toEqual(new Set(["active", "awaiting_approval", "deleted", "invited", "pending"]));
  });

  test.each(["scim_registration", "external_id", "is_locked", "roles", "created_at"])(
    "%s is there in some and absent in others",
    (field) => {
      const present = values(members, field).length;
      expect(present).toBeGreaterThan(50);
      expect(present).toBeLessThan(members.length - 50);
    },
  );

  test("mfa_phone_number is a number, an empty string or null", () => {
    const phones = values(members, "mfa_phone_number");
    expect(phones).toContain("");
    expect(phones).toContain(null);
    expect(countWhere(phones, (phone) => /^\+\d{11}$/.test(String(phone)))).toBeGreaterThan(50);
  });

  test("a SCIM registration names the connection of the member's own organization", () => {
    const registered = members.filter((member) => Object.hasOwn(member, "scim_registration"));
    expect(registered.length).toBeGreaterThan(50);
    for (const { organization_id: id, scim_registration: registration } of registered) {
      const organization = organizations.find((each) => each.organization_id === id);
      const { connection_id: connection } = registration as JsonObject;
      expect(organization).toHaveProperty("scim_active_connection.connection_id", connection);
    }
  });

  test("external IDs repeat across organizations, as they may upstream", () => {
    const ids = values(members, "external_id");
    expect(new Set(ids).size).toBeLessThan(ids.length);
  });
});
