import { afterEach, beforeEach, expect, test } from "vitest";
import { formatTime } from "../../console/format.ts";
import { creationBody, EMPTY_FORM, editBody, formOf, type KeyForm } from "../../console/keys/form-values.ts";
import { changesOf } from "../../console/keys/key-changes.ts";
import type { KeyRecord } from "../../console/shapes.ts";
import { KeyCreation, KeyEdit } from "../../src/keys/policy.ts";

const zone = process.env["TZ"];
beforeEach(() => {
  process.env["TZ"] = "America/New_York";
});
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

const RECORD: KeyRecord = {
  key_id: "0123456789abcdef",
  name: "Acme partner",
  status: "active",
  scopes: ["organizations:read"],
  organization_ids: ["organization-test-1", "organization-test-2"],
  fields: { organization: ["organization_id", 'trusted_metadata."acme.com"'], member: null },
  rate_limit: { limit: 600, period_seconds: 90 },
  allowed_ips: ["203.0.113.0/24"],
  region: "weur",
  expires_at: "2031-01-02T03:04:59Z",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  revoked_at: null,
  generation: 1,
  previous_generation_valid_until: null,
};

const form = (values: Partial<KeyForm>): KeyForm => ({ ...EMPTY_FORM, ...values });

test("an empty form makes a key without restrictions, which the admin API takes", () => {
  const body = creationBody(form({ name: "Shop" }), null);
  expect(KeyCreation.parse(body)).toEqual({
    name: "Shop",
    scopes: ["organizations:read"],
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    expires_at: null,
    region: null,
  });
  expect(creationBody(form({}), 3_600)).toMatchObject({ handover_seconds: 3_600 });
});

test("the form of a record makes a body with the same restrictions", () => {
  const { name, scopes, organization_ids, fields, rate_limit, allowed_ips, region } = RECORD;
  const same = { name, scopes, organization_ids, fields, rate_limit, allowed_ips, region };
  expect(creationBody(formOf(RECORD), null)).toMatchObject(same);
  const open: KeyRecord = { ...RECORD, fields: null, rate_limit: null, expires_at: null, region: null };
  expect(creationBody(formOf(open), null)).toMatchObject({
    fields: null,
    rate_limit: null,
    expires_at: null,
  });
});

test("the form shows an expiry in the viewer's zone, and sends it back in UTC", () => {
  expect(formOf(RECORD).expiresAt).toBe("2031-01-01T22:04");
  const later = { ...formOf(RECORD), expiresAt: "2031-07-01T12:00" };
  expect(editBody(formOf(RECORD), later)).toEqual({ expires_at: "2031-07-01T16:00:00.000Z" });
});

test("an edit sends only what was changed, and an unchanged expiry keeps its seconds", () => {
  const before = formOf(RECORD);
  expect(editBody(before, before)).toEqual({});
  // The same list, written otherwise, is no change.
  expect(
    editBody(before, { ...before, organizationIds: "organization-test-1, organization-test-2\n" }),
  ).toEqual({});
  const body = editBody(before, { ...before, limit: "", limitsOrganization: false, allowedIps: "" });
  expect(body).toEqual({ rate_limit: null, fields: null, allowed_ips: null });
  expect(KeyEdit.parse(body)).toEqual(body);
});

test.each(["ten", "1e3", "-1", "1.5", "0x10"])(
  "the limit %j is no number, and reaches the API as it is instead of no limit",
  (limit) => {
    const body = creationBody(form({ name: "Shop", limit }), null);
    expect(body.rate_limit?.limit).toBe(limit);
    expect(KeyCreation.safeParse(body).success).toBe(false);
  },
);

test("a list of fields that is empty leaves out all of them, which is not the same as none set", () => {
  expect(creationBody(form({ limitsMember: true, memberFields: " \n" }), null).fields).toEqual({
    organization: null,
    member: [],
  });
});

test("a field path with a space in quotes stays one path", () => {
  const organizationFields = 'trusted_metadata."two words"\n organization_id ';
  const { fields } = creationBody(form({ limitsOrganization: true, organizationFields }), null);
  expect(fields?.organization).toEqual(['trusted_metadata."two words"', "organization_id"]);
});

test("the look at an edit names each field that changes, with what it was and what it will be", () => {
  const before = formOf(RECORD);
  const after = {
    ...before,
    limit: "10",
    periodSeconds: "60",
    organizationIds: "",
    name: "Acme",
    expiresAt: "",
  };
  expect(changesOf(before, before)).toEqual([]);
  expect(changesOf(before, after)).toEqual([
    { label: "Name", from: "Acme partner", to: "Acme" },
    { label: "Organizations", from: "organization-test-1, organization-test-2", to: "All" },
    { label: "Rate limit", from: "600 calls in 90 seconds", to: "10 calls in 1 minute" },
    { label: "Expires", from: formatTime(before.expiresAt), to: "Never" },
  ]);
  const [change] = changesOf(before, { ...before, limit: "ten" });
  expect(change).toEqual({ label: "Rate limit", from: "600 calls in 90 seconds", to: "ten" });
});
