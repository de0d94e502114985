import { expect, test } from "vitest";
import { DriftReporter, findDrift } from "../../src/stytch/drift.ts";
import { member, organization } from "../support/bodies.ts";
import { logLines } from "../support/egress.ts";

const DAY_MS = 86_400_000;

test("a full body has no drift, and neither has one with required fields that are null", () => {
  expect(findDrift({ organization: organization(), member: member() })).toEqual([]);
  const nulls = Object.fromEntries(Object.keys(member()).map((field) => [field, null]));
  expect(findDrift({ organization: organization({ custom_roles: null }), member: nulls })).toEqual([]);
});

test("findDrift returns the path of each missing required field, in either object", () => {
  const { custom_roles: _, ...partOfOrganization } = organization();
  const { is_locked: __, ...partOfMember } = member();
  expect(findDrift({ organization: partOfOrganization, member: partOfMember })).toEqual([
    "organization.custom_roles",
    "member.is_locked",
  ]);
});

test("a missing optional field and an unknown field are no drift", () => {
  const { trusted_metadata: _, created_at: __, organization_external_id: ___, ...rest } = organization();
  expect(findDrift({ organization: { ...rest, field_of_tomorrow: 1 } })).toEqual([]);
});

test("an object that the envelope does not have causes no drift", () => {
  expect(findDrift({})).toEqual([]);
  expect(findDrift({ organization: organization() })).toEqual([]);
});

test("drift is logged once a day, by path and never by value", () => {
  const { custom_roles: _, ...drifting } = organization({ organization_name: "a name" });
  const drift = new DriftReporter();
  const start = 1_700_000_000_000;
  // A body without drift is not logged, and does not start the day.
  drift.report({ organization: organization() }, start - 1);
  expect(logLines()).toEqual([]);
  drift.report({ organization: drifting }, start);
  expect(logLines()).toEqual([{ at: expect.any(String), drift: ["organization.custom_roles"] }]);
  drift.report({ organization: drifting }, start + DAY_MS - 1);
  expect(logLines()).toHaveLength(1);
  drift.report({ organization: drifting }, start + DAY_MS);
  expect(logLines()).toHaveLength(2);
});

test("each drift reporter counts its own day", () => {
  for (const drift of [new DriftReporter(), new DriftReporter()]) drift.report({ member: {} }, 0);
  expect(logLines()).toHaveLength(2);
});
