import { describe, expect, test } from "vitest";
import { demo, members, organizations } from "../../sandbox/seed.ts";
import { createMembers } from "../../sandbox/seed-members.ts";
import { createOrganizations } from "../../sandbox/seed-organizations.ts";
import type { Json, JsonObject } from "../../sandbox/shapes.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const TIME = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function countOf<T>(list: readonly T[], predicate: (item: T) => boolean): number {
  return list.filter(predicate).length;
}

function values(list: readonly JsonObject[], field: string): Json[] {
  return list.flatMap((item) => (Object.hasOwn(item, field) ? [item[field] ?? null] : []));
}

function bytes(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

describe("the seed as a whole", () => {
  test("the same seed number gives the same data, and another gives other data", () => {
    const first = createOrganizations(7);
    expect(createOrganizations(7)).toEqual(first);
    expect(createMembers(8, first)).toEqual(createMembers(8, createOrganizations(7)));
    expect(createOrganizations(9)[0]?.organization_id).not.toBe(first[0]?.organization_id);
  });

  test("the identifiers of the demo never change, since scripts and examples use them", () => {
    expect(demo).toEqual({
      organization_id: "organization-test-a3db8489-e5dc-4516-a22b-fda897f3734a",
      organization_slug: "acme",
      organization_external_id: "crm|1001",
      member_id: "member-test-7e3fad4f-e7cc-4e6e-a6c6-b804e9c2d4f4",
      deleted_member_id: "member-test-b19e4d8e-bc1d-4c8c-85ee-f062dcd3feb3",
    });
  });

  test("the seed has 1,000 organizations and 5,000 to 6,000 members", () => {
    expect(organizations.length).toBe(1_000);
    expect(members.length).toBeGreaterThan(5_000);
    expect(members.length).toBeLessThan(6_000);
  });

  test("no ID, slug or external ID names two organizations", () => {
    const keys = organizations.flatMap((each) => [
      each.organization_id,
      each.organization_slug,
      ...values([each], "organization_external_id").filter((id) => id !== null),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("IDs are unique and have the format of Stytch's test environment", () => {
    for (const { organization_id: id } of organizations)
      expect(id).toMatch(new RegExp(`^organization-test-${UUID}$`));
    for (const { member_id: id } of members) expect(id).toMatch(new RegExp(`^member-test-${UUID}$`));
    expect(new Set(members.map((member) => member.member_id)).size).toBe(members.length);
  });

  test("slugs and external IDs hold only the characters that Stytch allows", () => {
    for (const slug of values(organizations, "organization_slug")) expect(slug).toMatch(/^[\w.~-]{2,128}$/);
    for (const id of values(organizations, "organization_external_id")) {
      if (id !== null) expect(id).toMatch(/^[\w.|-]{1,128}$/);
    }
  });

  test("every member belongs to an organization, and some organizations have no member", () => {
    const ids = new Set(organizations.map((each) => each.organization_id));
    const used = new Set(members.map((member) => member.organization_id));
    expect([...used].filter((id) => !ids.has(id))).toEqual([]);
    expect(used.size).toBeLessThan(ids.size);
  });

  test("timestamps are whole seconds in UTC, and no update precedes the creation", () => {
    for (const item of [...organizations, ...members]) {
      const { created_at: created, updated_at: updated } = item;
      if (created === undefined) continue;
      expect(created).toMatch(TIME);
      expect(updated).toMatch(TIME);
      expect(String(updated) >= String(created)).toBe(true);
    }
  });
});

describe("demo", () => {
  test("the demo organization is the first and is called Acme Corporation", () => {
    expect(organizations[0]).toMatchObject({
      organization_id: demo.organization_id,
      organization_name: "Acme Corporation",
      organization_slug: "acme",
      organization_external_id: "crm|1001",
    });
  });

  test("the demo organization has an active first member and one deleted member", () => {
    const team = members.filter((member) => member.organization_id === demo.organization_id);
    expect(team[0]).toMatchObject({ member_id: demo.member_id, status: "active" });
    const deleted = team.filter((member) => member.status === "deleted");
    expect(deleted.map((member) => member.member_id)).toEqual([demo.deleted_member_id]);
  });
});

describe("variety of organizations", () => {
  test.each(["organization_external_id", "sso_default_connection_id", "scim_active_connection"])(
    "%s is a value in some organizations and null in others",
    (field) => {
      const present = values(organizations, field);
      expect(countOf(present, (value) => value === null)).toBeGreaterThan(10);
      expect(countOf(present, (value) => value !== null)).toBeGreaterThan(10);
      const mayBeAbsent = field !== "sso_default_connection_id";
      expect(present.length < organizations.length).toBe(mayBeAbsent);
    },
  );

  test("most organizations have scim_active_connections, which no SDK declares", () => {
    const present = values(organizations, "scim_active_connections");
    expect(present.length).toBeGreaterThan(80);
    expect(present.length).toBeLessThan(organizations.length - 10);
    expect(present.every((value) => Array.isArray(value) && value.length === 0)).toBe(true);
  });

  test("some trusted_metadata is longer than 10 KB and some is empty", () => {
    const metadata = values(organizations, "trusted_metadata");
    expect(countOf(metadata, (value) => bytes(value) > 10_240)).toBeGreaterThanOrEqual(5);
    expect(countOf(metadata, (value) => bytes(value) === 2)).toBeGreaterThan(20);
  });

  test("names include other scripts, emoji and the greatest length Stytch allows", () => {
    const names = organizations.map((each) => each.organization_name);
    expect(countOf(names, (name) => /[\p{sc=Han}\p{sc=Arabic}\p{sc=Cyrillic}]/u.test(name))).toBeGreaterThan(
      10,
    );
    expect(countOf(names, (name) => /\p{Extended_Pictographic}/u.test(name))).toBeGreaterThan(3);
    expect(Math.max(...names.map((name) => name.length))).toBe(128);
  });

  test("some slugs have upper case, and some external IDs have bars", () => {
    expect(countOf(organizations, (each) => /[A-Z]/.test(each.organization_slug))).toBeGreaterThan(20);
    const ids = values(organizations, "organization_external_id");
    expect(countOf(ids, (id) => String(id).includes("|"))).toBeGreaterThan(10);
  });

  test.each(["sso_active_connections", "custom_roles", "claimed_email_domains", "allowed_auth_methods"])(
    "%s is empty in some organizations and not in others",
    (field) => {
      const lists = values(organizations, field).filter(Array.isArray);
      expect(countOf(lists, (list) => list.length === 0)).toBeGreaterThan(10);
      expect(countOf(lists, (list) => list.length > 0)).toBeGreaterThan(10);
    },
  );

  test("some organizations have enumeration values and fields that no SDK declares", () => {
    expect(values(organizations, "mfa_policy")).toContain("REQUIRED_FOR_ADMINS");
    expect(values(organizations, "auth_methods")).toContain("PASSKEY_FIRST");
    expect(values(organizations, "agent_access_policy").length).toBeGreaterThan(0);
  });
});

describe("variety of members", () => {
  test("members have every status, and one that no SDK declares", () => {
    const statuses = new Set(members.map((member) => member.status));
    expect(statuses).toEqual(new Set(["active", "awaiting_approval", "deleted", "invited", "pending"]));
  });

  test.each(["scim_registration", "external_id", "is_locked", "roles", "created_at"])(
    "%s is present in some members and absent in others",
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
    expect(countOf(phones, (phone) => /^\+\d{11}$/.test(String(phone)))).toBeGreaterThan(50);
  });

  test("a SCIM registration names the connection of the member's organization", () => {
    const registered = members.filter((member) => Object.hasOwn(member, "scim_registration"));
    expect(registered.length).toBeGreaterThan(50);
    for (const { organization_id: id, scim_registration: registration } of registered) {
      const organization = organizations.find((each) => each.organization_id === id);
      const { connection_id: connection } = registration as JsonObject;
      expect(organization).toHaveProperty("scim_active_connection.connection_id", connection);
    }
  });

  test("external IDs of members repeat across organizations, as Stytch allows", () => {
    const ids = values(members, "external_id");
    expect(new Set(ids).size).toBeLessThan(ids.length);
  });
});
