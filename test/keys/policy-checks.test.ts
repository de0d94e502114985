/** What a policy must satisfy in a deployment: IDs of its environment, and an end in the future. */
import { expect, test } from "vitest";
import { checkNotExpired, checkOrganizationIds } from "../../src/keys/policy-checks.ts";

const UUID = "a3db8489-e5dc-4516-a22b-fda897f3734a";
const problemOf = (...organization_ids: string[]) => checkOrganizationIds({ organization_ids }, "live");

test.each([
  `organization-live-${UUID}`,
  `organization-live-${UUID.toUpperCase()}`,
  "organization-live-acme_1",
])("%s is an organization ID of a live project", (id) => expect(problemOf(id)).toBeNull());

test.each([
  "acme",
  "crm|1001",
  "Acme Corporation",
  UUID,
  `member-live-${UUID}`,
  `project-live-${UUID}`,
  `organization-prod-${UUID}`,
  "organization-live-",
  "organization-live-…",
  "organization-live-...",
  "organization-live-<uuid>",
  "organization-live-a/b",
  ` organization-live-${UUID}`,
  `organization-live-${UUID}\n`,
  "",
  `organization-live-${"a".repeat(201)}`,
])("%j is no organization ID, and the problem says what to write", (id) => {
  expect(problemOf(`organization-live-${UUID}`, id)).toBe(
    "organization_ids.1: must be a whole organization ID, organization-live-<uuid>, not a slug or an external ID",
  );
});

test("an organization ID of the other environment is refused", () => {
  expect(problemOf(`organization-test-${UUID}`)).toBe(
    "organization_ids.0: must be of the live environment, as this deployment is: organization-live-<uuid>",
  );
  expect(checkOrganizationIds({ organization_ids: [`organization-live-${UUID}`] }, "test")).toContain(
    "of the test environment",
  );
});

test("no list of organizations, or no change of it, has no problem", () => {
  expect(checkOrganizationIds({ organization_ids: null }, "live")).toBeNull();
  expect(checkOrganizationIds({}, "live")).toBeNull();
});

test("a key must expire after its creation, if at all", () => {
  const now = Date.parse("2026-11-29T12:00:00Z");
  expect(checkNotExpired({ expires_at: null }, now)).toBeNull();
  expect(checkNotExpired({ expires_at: "2026-11-29T12:00:00.001Z" }, now)).toBeNull();
  for (const past of ["2026-11-29T12:00:00Z", "2020-01-01T00:00:00Z", "2026-11-29T13:00:00+02:00"]) {
    expect(checkNotExpired({ expires_at: past }, now)).toBe(
      "expires_at: must be in the future: it is 2026-11-29T12:00:00.000Z now",
    );
  }
});
