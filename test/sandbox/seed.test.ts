import { describe, expect, test } from "vitest";
import { demo, getMembers, organizations } from "../../sandbox/seed.ts";
import { createMembers } from "../../sandbox/seed-members.ts";
import { createOrganizations } from "../../sandbox/seed-organizations.ts";
import { valuesOf } from "./seed-fields.ts";

const members = getMembers();

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const TIME = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe("the seed as a whole", () => {
  test("the same seed number gives the same data, and another gives other data", () => {
    const first = createOrganizations(7);
    const second = createOrganizations(7);
    // As texts: to compare thousands of objects takes seconds.
    expect(JSON.stringify(second) === JSON.stringify(first)).toBe(true);
    expect(JSON.stringify(createMembers(8, first)) === JSON.stringify(createMembers(8, second))).toBe(true);
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
      ...valuesOf([each], "organization_external_id").filter((id) => id !== null),
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
    for (const slug of valuesOf(organizations, "organization_slug")) expect(slug).toMatch(/^[\w.~-]{2,128}$/);
    for (const id of valuesOf(organizations, "organization_external_id")) {
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
