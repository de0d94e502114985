import { describe, expect, test } from "vitest";
import {
  connectedAppName,
  connectedAppsName,
  metricsName,
  organizationPolicyName,
  ownerOf,
  PROJECT_POLICY_NAME,
  purgeNamesOf,
  resourceRead,
} from "../../src/cache/resource.ts";
import { isIdentifier } from "../../src/stytch/identifier.ts";

const ID = "organization-test-1";
const BASE = "/v1/b2b/organizations/organization-test-1";

describe.each([
  [metricsName(ID), `${BASE}/metrics`],
  [connectedAppsName(ID), `${BASE}/connected_apps`],
  [connectedAppName(ID, "app|1"), `${BASE}/connected_apps/app%7C1`],
  [organizationPolicyName(ID), "/v1/b2b/rbac/organizations/organization-test-1"],
])("the name %s", (name, path) => {
  test("is read from its own path, and belongs to its organization", () => {
    expect(resourceRead(name)?.path).toBe(path);
    expect(ownerOf(name)).toBe(ID);
    expect(purgeNamesOf(name)).toEqual([name, ID]);
  });

  test("is no identifier, so that no caller can name it", () => {
    expect(isIdentifier(name)).toBe(false);
  });
});

test("the project's policy belongs to no organization", () => {
  expect(resourceRead(PROJECT_POLICY_NAME)?.path).toBe("/v1/b2b/rbac/policy");
  expect(ownerOf(PROJECT_POLICY_NAME)).toBe("");
  expect(purgeNamesOf(PROJECT_POLICY_NAME)).toEqual([PROJECT_POLICY_NAME]);
  expect(isIdentifier(PROJECT_POLICY_NAME)).toBe(false);
});

test.each([ID, "acme", "crm|1001", "metrics", "rbac_policy"])(
  "the identifier %s is an organization's",
  (name) => {
    expect(resourceRead(name)).toBeNull();
    expect(purgeNamesOf(name)).toEqual([name]);
  },
);
