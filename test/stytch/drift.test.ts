import { describe, expect, test } from "vitest";
import { DriftReporter, findDrift } from "../../src/stytch/drift.ts";
import { member, organization } from "../support/bodies.ts";
import { logLines } from "../support/guard.ts";

const DAY = 86_400_000;

describe("drift", () => {
  test("is none in a full body, nor where required fields are null or empty", () => {
    expect(findDrift({ organization: organization(), member: member() })).toEqual([]);
    const nulls = Object.fromEntries(Object.keys(member()).map((field) => [field, null]));
    expect(findDrift({ organization: organization({ custom_roles: null }), member: nulls })).toEqual([]);
  });

  test("is a required field that is absent, by its path, in either object", () => {
    const { custom_roles: _, ...partOfOrganization } = organization();
    const { is_locked: __, ...partOfMember } = member();
    expect(findDrift({ organization: partOfOrganization, member: partOfMember })).toEqual([
      "organization.custom_roles",
      "member.is_locked",
    ]);
  });

  test("is no optional field that is absent, and no field that is new", () => {
    const { trusted_metadata: _, created_at: __, organization_external_id: ___, ...rest } = organization();
    expect(findDrift({ organization: { ...rest, field_of_tomorrow: 1 } })).toEqual([]);
  });

  test("of an object that an envelope does not have is none", () => {
    expect(findDrift({})).toEqual([]);
    expect(findDrift({ organization: organization() })).toEqual([]);
  });
});

test("drift is logged once a day, by path and never by value; bodies without it neither log nor count", () => {
  const { custom_roles: _, ...drifting } = organization({ organization_name: "a name" });
  const drift = new DriftReporter();
  const start = 1_700_000_000_000;
  drift.report({ organization: organization() }, start - 1);
  expect(logLines()).toEqual([]);
  drift.report({ organization: drifting }, start);
  expect(logLines()).toEqual([{ drift: ["organization.custom_roles"] }]);
  drift.report({ organization: drifting }, start + DAY - 1);
  expect(logLines()).toHaveLength(1);
  drift.report({ organization: drifting }, start + DAY);
  expect(logLines()).toHaveLength(2);
});
