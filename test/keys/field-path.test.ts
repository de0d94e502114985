import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type * as z from "zod";
import { formatFieldPath, isKnownPath, parseFieldPath } from "../../src/keys/field-path.ts";
import { StytchMember as Member } from "../../src/stytch/schemas/member-schema.ts";
import { StytchOrganization as Organization } from "../../src/stytch/schemas/organization-schema.ts";
import { codePoint } from "../support/code-point.ts";

test.each<[string, string[], string]>([
  ["a", ["a"], "a"],
  ["a.b.c", ["a", "b", "c"], "a.b.c"],
  ['a."b.c".d', ["a", "b.c", "d"], 'a."b.c".d'],
  ['"a"', ["a"], "a"],
  ['""', [""], '""'],
  ['a."\\"\\\\".b', ["a", '"\\', "b"], 'a."\\"\\\\".b'],
  ['"\\u0061\\u002e"', ["a."], '"a."'],
  ['a"b.c', ['a"b', "c"], '"a\\"b".c'],
  ["a b.\\", ["a b", "\\"], "a b.\\"],
  ["株式会社.ü", ["株式会社", "ü"], "株式会社.ü"],
  ["a\u001b", ["a\u001b"], '"a\\u001b"'],
])("the path %s has the names %j and the normal form %s", (path, names, normal) => {
  expect(parseFieldPath(path)).toEqual(names);
  expect(formatFieldPath(names)).toBe(normal);
});

test.each([
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  '"',
  '"a',
  '"a"b',
  'a."b',
  '"a\\"',
  '"\\x"',
  '"a\nb"',
  '"a".',
  '"a"."',
])("%j is no path", (path) => expect(parseFieldPath(path)).toBeNull());

const hasNames = (path: string, names: readonly string[]) =>
  JSON.stringify(parseFieldPath(path)) === JSON.stringify(names);

test("any names make a path that has exactly these names again", () => {
  const name = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.constantFrom("", ".", '"', '"a"', "\\", "a.b", "\ud800"),
  );
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) =>
      hasNames(formatFieldPath(names), names),
    ),
  );
});

test("the normal form of any path that is accepted has the same names", () => {
  const text = fc.array(fc.constantFrom('"', ".", "\\", "a", "u0061", "n"), { maxLength: 12 });
  fc.assert(
    fc.property(text, (characters) => {
      const names = parseFieldPath(characters.join(""));
      return names === null || hasNames(formatFieldPath(names), names);
    }),
    { numRuns: 500 },
  );
});

function isKnown(schema: z.ZodType, path: string): boolean {
  const names = parseFieldPath(path);
  return names !== null && isKnownPath(schema, names);
}

describe("isKnownPath", () => {
  test.each([
    "organization_id",
    "trusted_metadata",
    "trusted_metadata.a.b.c",
    "sso_active_connections.connection_id",
    "custom_roles.permissions.actions",
    "allowed_oauth_tenants.slack",
    'trusted_metadata."acme.com"."".x',
    '"trusted_metadata".a',
  ])("%s is a known path of an organization", (path) => expect(isKnown(Organization, path)).toBe(true));
  test.each([
    "",
    ".",
    "organization",
    "organization_id.",
    ".organization_id",
    "organization_id.x",
    "sso_active_connections.x",
    "trusted_metadata..a",
    "constructor",
    "__proto__",
    "toString",
    "member_id",
    '"organization_id',
    '"organization_id"x',
    '"organization_id.x"',
    '"__proto__"',
  ])("%j is no known path of an organization", (path) => expect(isKnown(Organization, path)).toBe(false));
  test("a path of a member is known for members, and not for organizations", () => {
    expect(isKnown(Member, "roles.sources.details.connection_id")).toBe(true);
    expect(isKnown(Member, "untrusted_metadata.locale")).toBe(true);
    expect(isKnown(Member, "retired_email_addresses.email_id")).toBe(true);
    expect(isKnown(Member, "retired_email_addresses.x")).toBe(false);
    expect(isKnown(Organization, "scim_active_connections.connection_id")).toBe(true);
    expect(isKnown(Member, "organization_name")).toBe(false);
  });
});
