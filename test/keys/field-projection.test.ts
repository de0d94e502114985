import fc from "fast-check";
import { expect, test } from "vitest";
import { formatFieldPath, parseFieldPath } from "../../src/keys/field-path.ts";
import { project } from "../../src/keys/field-projection.ts";
import { parseExactly } from "../../src/platform/exact-json.ts";

const value = {
  organization_id: "o",
  organization_name: "n",
  sso_default_connection_id: null,
  email_allowed_domains: ["a", "b"],
  sso_active_connections: [
    { connection_id: "c1", display_name: "d1" },
    { connection_id: "c2", display_name: "d2" },
  ],
  trusted_metadata: {
    plan: { name: "gold", seats: 5 },
    secret: "s",
    "acme.com": { "": 1, 'a"b': 2 },
    acme: { com: "c" },
    '"acme': { 'com"': "q" },
  },
};

test.each<[string[], unknown]>([
  [[], {}],
  [["organization_id"], { organization_id: "o" }],
  [["organization_name", "organization_id"], { organization_id: "o", organization_name: "n" }],
  [["sso_default_connection_id"], { sso_default_connection_id: null }],
  [["email_allowed_domains"], { email_allowed_domains: ["a", "b"] }],
  [["trusted_metadata.plan.name"], { trusted_metadata: { plan: { name: "gold" } } }],
  [
    ["trusted_metadata.plan", "trusted_metadata.plan.name"],
    { trusted_metadata: { plan: { name: "gold", seats: 5 } } },
  ],
  [
    ["trusted_metadata.plan.name", "trusted_metadata.plan"],
    { trusted_metadata: { plan: { name: "gold", seats: 5 } } },
  ],
  [["trusted_metadata.none"], { trusted_metadata: {} }],
  [
    ["sso_active_connections.connection_id"],
    { sso_active_connections: [{ connection_id: "c1" }, { connection_id: "c2" }] },
  ],
  [["organization_name.length"], {}],
  [["not_there"], {}],
  [["sso_default_connection_id.below"], { sso_default_connection_id: null }],
  [["constructor", "toString", "hasOwnProperty"], {}],
  [['"organization_id"'], { organization_id: "o" }],
  [["trusted_metadata.acme.com"], { trusted_metadata: { acme: { com: "c" } } }],
  [['trusted_metadata."acme.com"'], { trusted_metadata: { "acme.com": { "": 1, 'a"b': 2 } } }],
  [['trusted_metadata."acme.com".""'], { trusted_metadata: { "acme.com": { "": 1 } } }],
  [['trusted_metadata."acme\\u002ecom"."a\\"b"'], { trusted_metadata: { "acme.com": { 'a"b': 2 } } }],
  [['trusted_metadata."acme.com'], {}],
  [["", ".", "trusted_metadata.", ".secret"], {}],
])("the paths %j select exactly the fields that they name", (paths, selected) => {
  expect(project(value, paths)).toEqual(selected);
});

test("a projection keeps the order of the fields in the value", () => {
  const selected = project(value, ["trusted_metadata", "organization_id"]) as object;
  expect(Object.keys(selected)).toEqual(["organization_id", "trusted_metadata"]);
});

test("a field named __proto__ is projected like any other field", () => {
  const parsed: unknown = JSON.parse('{"trusted_metadata":{"__proto__":{"a":1},"b":2}}');
  expect(JSON.stringify(project(parsed, ["trusted_metadata.__proto__"]))).toBe(
    '{"trusted_metadata":{"__proto__":{"a":1}}}',
  );
  expect(JSON.stringify(project(parsed, ["trusted_metadata.b"]))).toBe('{"trusted_metadata":{"b":2}}');
});

test("a number that is parsed as its exact text has no fields", () => {
  const parsed = parseExactly(new TextEncoder().encode('{"trusted_metadata":{"seats":1.0,"list":[1.0,2]}}'));
  for (const path of ["trusted_metadata.seats.rawJSON", "trusted_metadata.seats.x"]) {
    expect(JSON.stringify(project(parsed, [path]))).toBe('{"trusted_metadata":{}}');
  }
  expect(JSON.stringify(project(parsed, ["trusted_metadata.list.x"]))).toBe(
    '{"trusted_metadata":{"list":[]}}',
  );
  expect(JSON.stringify(project(parsed, ["trusted_metadata.seats"]))).toBe(
    '{"trusted_metadata":{"seats":1.0}}',
  );
});

test("a projection contains all values under its paths, and no other value", () => {
  const name = fc.constantFrom("a", "b.c", "b", "", 'q"', '"b', "\\\\", "__proto__");
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.dictionary(name, tie("node")),
      fc.array(tie("node")),
    ),
  })).node;
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(formatFieldPath);
  fc.assert(
    fc.property(fc.dictionary(name, tree), fc.array(path, { maxLength: 4 }), (object, paths) => {
      const leaves = leavesOf(project(object, paths));
      for (const leaf of leaves) {
        expect(isSelected(leaf, paths)).toBe(true);
      }
      const expected = leavesOf(object).filter((leaf) => isSelected(leaf, paths));
      expect(leaves).toEqual(expected);
    }),
  );
});

const startsWith = (leaf: readonly string[], names: readonly string[]) =>
  names.every((name, index) => leaf[index] === name);

const isSelected = (leaf: readonly string[], paths: string[]) =>
  paths.some((path) => startsWith(leaf, parseFieldPath(path) ?? [path]));

/** The names on the way to each string in a value; an array adds no name to those of its items. */
function leavesOf(value: unknown, names: readonly string[] = []): (readonly string[])[] {
  if (typeof value === "string") return [names];
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, names));
  return Object.entries(value as object).flatMap(([name, child]) => leavesOf(child, [...names, name]));
}
