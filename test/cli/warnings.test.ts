import { expect, test } from "vitest";
import type { KeyRecord } from "../../cli/client.ts";
import { policyWarnings } from "../../cli/warnings.ts";

const warningsOf = (scopes: string[], fields: KeyRecord["fields"] = null) =>
  policyWarnings({
    ...{ key_id: "0123456789abcdef", name: "Acme", status: "active", scopes, fields },
    ...{ created_at: "2026-11-21T20:00:00Z", updated_at: "2026-11-21T20:00:00Z" },
  });

test.each([
  [
    ["cache:refresh"],
    ["The scope cache:refresh opens nothing without a scope of cached reads, such as organizations:read."],
  ],
  [
    ["organizations:read", "members:include_deleted"],
    ["The scope members:include_deleted opens nothing without members:dangerously_get."],
  ],
  [["organizations:read", "cache:refresh"], []],
  [["organizations:metrics", "cache:refresh"], []],
  [["members:dangerously_get", "members:include_deleted"], []],
  [["a:scope_of_a_newer_postern"], []],
])("the scopes %j have the warnings %j", (scopes, warnings) => {
  expect(warningsOf(scopes)).toEqual(warnings);
});

test("fields of organizations without a scope that shows organizations have a warning", () => {
  const fields = { organization: ["organization_id"], member: null };
  for (const scope of ["organizations:metrics", "organizations:connected_apps", "rbac:read"])
    expect(warningsOf([scope], fields)).toEqual([expect.stringContaining("no effect")]);
  for (const scope of ["organizations:read", "members:read", "members:dangerously_get"])
    expect(warningsOf([scope], fields)).toEqual([]);
});

test("fields of members without a scope that reads members have a warning", () => {
  const fields = { organization: null, member: ["name"] };
  expect(warningsOf(["organizations:read"], fields)).toEqual([expect.stringContaining("no effect")]);
  expect(warningsOf(["members:dangerously_get"], fields)).toEqual([]);
  expect(warningsOf(["members:read"], fields)).toEqual([]);
  expect(warningsOf(["organizations:read"], { organization: ["organization_id"], member: null })).toEqual([]);
});
