import { describe, expect, test } from "vitest";
import { getMembers, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { bytesOf, countOf, valuesOf } from "./seed-fields.ts";

const members = getMembers();

describe("variety of organizations", () => {
  test.each(["organization_external_id", "sso_default_connection_id", "scim_active_connection"])(
    "%s is a value in some organizations and null in others",
    (field) => {
      const present = valuesOf(organizations, field);
      expect(countOf(present, (value) => value === null)).toBeGreaterThan(10);
      expect(countOf(present, (value) => value !== null)).toBeGreaterThan(10);
      const mayBeAbsent = field !== "sso_default_connection_id";
      expect(present.length < organizations.length).toBe(mayBeAbsent);
    },
  );

  test("most organizations have scim_active_connections, which no SDK declares", () => {
    const present = valuesOf(organizations, "scim_active_connections");
    expect(present.length).toBeGreaterThan(80);
    expect(present.length).toBeLessThan(organizations.length - 10);
    expect(present.every((value) => Array.isArray(value) && value.length === 0)).toBe(true);
  });

  test("some trusted_metadata is longer than 10 KB and some is empty", () => {
    const metadata = valuesOf(organizations, "trusted_metadata");
    expect(countOf(metadata, (value) => bytesOf(value) > 10_240)).toBeGreaterThanOrEqual(5);
    expect(countOf(metadata, (value) => bytesOf(value) === 2)).toBeGreaterThan(20);
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
    const ids = valuesOf(organizations, "organization_external_id");
    expect(countOf(ids, (id) => String(id).includes("|"))).toBeGreaterThan(10);
  });

  test.each(["sso_active_connections", "custom_roles", "claimed_email_domains", "allowed_auth_methods"])(
    "%s is empty in some organizations and not in others",
    (field) => {
      const lists = valuesOf(organizations, field).filter(Array.isArray);
      expect(countOf(lists, (list) => list.length === 0)).toBeGreaterThan(10);
      expect(countOf(lists, (list) => list.length > 0)).toBeGreaterThan(10);
    },
  );

  test("some organizations have enumeration values and fields that no SDK declares", () => {
    expect(valuesOf(organizations, "mfa_policy")).toContain("REQUIRED_FOR_ADMINS");
    expect(valuesOf(organizations, "auth_methods")).toContain("PASSKEY_FIRST");
    expect(valuesOf(organizations, "agent_access_policy").length).toBeGreaterThan(0);
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
      const present = valuesOf(members, field).length;
      expect(present).toBeGreaterThan(50);
      expect(present).toBeLessThan(members.length - 50);
    },
  );

  test("mfa_phone_number is a number, an empty string or null", () => {
    const phones = valuesOf(members, "mfa_phone_number");
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
    const ids = valuesOf(members, "external_id");
    expect(new Set(ids).size).toBeLessThan(ids.length);
  });
});
