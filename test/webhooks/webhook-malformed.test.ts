/** Events that concern no organization, and malformed ones: they name no identifier, and never throw. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { isIdentifier } from "../../src/stytch/identifier.ts";
import { parseEvent } from "../../src/webhooks/stytch-event.ts";
import { ACME, ADA, event, identifiersIn, MEMBER, ORGANIZATION, OTHER, PROJECT } from "../support/event.ts";

test.each([
  "user",
  "session",
  "project",
  "organizations",
  "member_organization",
  "saml_connection_x",
  "x_saml_connection",
  "",
  "organization ",
  "toString",
  "constructor",
  "__proto__",
  "hasOwnProperty",
  "object_type",
  "details",
])("an event of the object type %j names no organization", (type) => {
  // A computed `__proto__` is an own property, as in parsed JSON.
  const json = event({ id: ORGANIZATION, details: ACME, [type]: ACME, object_type: type });
  expect(identifiersIn(json)).toEqual([]);
});

test.each([undefined, null, 7, true, ["organization"], { organization: 1 }])(
  "an event whose object_type is %j names no organization",
  (object_type) => {
    expect(parseEvent(event({ object_type, id: ORGANIZATION, organization: ACME }), PROJECT)).toEqual({
      identifiers: [],
      type: "unknown",
    });
  },
);

test.each([null, undefined, 7, "organization", true, [], [event({ object_type: "organization" })], {}])(
  "an event that is %j names no organization",
  (json) => {
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [], type: "unknown" });
  },
);

test.each([
  PROJECT.replace("test", "live"),
  PROJECT.toUpperCase(),
  `${PROJECT} `,
  "",
  null,
  7,
  [PROJECT],
  { toString: PROJECT },
])("an event of the project %j, not the deployment's, names no organization", (project_id) => {
  const json = event({ project_id, object_type: "organization", id: ORGANIZATION, organization: ACME });
  expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [], type: "direct.organization.update" });
  expect(identifiersIn(event({ project_id, object_type: "member", id: MEMBER, member: ADA }))).toEqual([]);
});

test("the type of an event is in lower case, whatever case it came in", () => {
  const json = event({
    object_type: "Organization",
    source: "dashboard",
    action: "Update",
    id: ORGANIZATION,
    organization: ACME,
  });
  expect(parseEvent(json, PROJECT)).toEqual({
    identifiers: [ORGANIZATION, "acme", "crm|1"],
    type: "dashboard.organization.update",
  });
});

test.each([
  ["markup", { source: "<script>" }],
  ["a line break", { action: "UPDATE\n" }],
  ["a number", { source: 7 }],
  ["an object", { source: { a: 1 } }],
  ["more than 100 characters", { action: "a".repeat(200) }],
  ["letters of other alphabets", { source: "ДИРЕКТ" }],
])("the type of an event with %s is unknown, and its identifier is still read", (_, fields) => {
  const json = event({ object_type: "organization", id: ORGANIZATION, ...fields });
  expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [ORGANIZATION], type: "unknown" });
});

test.each([undefined, null])("the type of an event does not contain a source or action of %j", (missing) => {
  for (const fields of [{ source: missing }, { action: missing }]) {
    const { type, identifiers } = parseEvent(
      event({ object_type: "organization", id: ORGANIZATION, ...fields }),
      PROJECT,
    );
    expect(identifiers).toEqual([ORGANIZATION]);
    expect(type).not.toMatch(/undefined|null/);
  }
});

test.each([
  [{ toString: null }],
  [{ toString: 1, valueOf: 1 }],
  [{ toString: "x", valueOf: {} }],
  [[[{ toString: null }]]],
])("an event with %j as its source or action does not throw", (odd) => {
  for (const fields of [{ source: odd }, { action: odd }, { project_id: odd }, { details: odd }]) {
    const json = event({ object_type: "organization", id: ORGANIZATION, ...fields });
    expect(() => parseEvent(json, PROJECT)).not.toThrow();
  }
});

test("no JSON gives an invalid or repeated identifier, or a type unfit for the log", () => {
  const objectType = fc.constantFrom(
    "organization",
    "member",
    "saml_connection",
    "ORGANIZATION",
    "__proto__",
    "user",
  );
  const name = fc.oneof(
    fc.constantFrom(ORGANIZATION, OTHER, "acme", "a/b", "..", ""),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const object = fc.oneof(
    fc.record(
      { organization_id: name, organization_slug: name, organization_external_id: name },
      { requiredKeys: [] },
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        object_type: fc.oneof(objectType, fc.jsonValue({ maxDepth: 1 })),
        project_id: fc.constantFrom(PROJECT, OTHER, null),
        source: fc.oneof(fc.constantFrom("DIRECT", "SCIM"), fc.jsonValue({ maxDepth: 1 })),
        action: fc.oneof(fc.constantFrom("UPDATE", "DELETE"), fc.jsonValue({ maxDepth: 1 })),
        id: name,
        organization: object,
        member: object,
        saml_connection: object,
        details: object,
        ["__proto__"]: object,
      },
      { requiredKeys: ["object_type"] },
    ),
  );
  let identifierCount = 0;
  fc.assert(
    fc.property(json, (value) => {
      const { identifiers, type } = parseEvent(JSON.parse(JSON.stringify(value)), PROJECT);
      expect(identifiers.filter((one) => !isIdentifier(one))).toEqual([]);
      expect(new Set(identifiers).size).toBe(identifiers.length);
      expect(type).toMatch(/^[a-z_.]{1,100}$/);
      identifierCount += identifiers.length;
    }),
    { numRuns: 1_000 },
  );
  // Otherwise the property was never tested with an identifier.
  expect(identifierCount).toBeGreaterThan(0);
});
