/** Events that concern nobody, and whatever else may be sent: never more than it says, and never a throw. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isIdentifier } from "../../src/stytch/identifier.ts";
import { parseEvent } from "../../src/webhooks/stytch-event.ts";
import { ACME, ADA, event, MEMBER, namesOf, ORGANIZATION, OTHER, PROJECT } from "../support/event.ts";

describe("an event concerns nobody", () => {
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
  ])("of an object of type %j", (type) => {
    // A computed `__proto__` is a field like any other, here and in JSON.
    const json = event({ id: ORGANIZATION, details: ACME, [type]: ACME, object_type: type });
    expect(namesOf(json)).toEqual([]);
  });

  test.each([undefined, null, 7, true, ["organization"], { organization: 1 }])(
    "whose type is %j",
    (object_type) => {
      expect(parseEvent(event({ object_type, id: ORGANIZATION, organization: ACME }), PROJECT)).toEqual({
        identifiers: [],
        type: "unknown",
      });
    },
  );

  test.each([null, undefined, 7, "organization", true, [], [event({ object_type: "organization" })], {}])(
    "that is %j",
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
  ])("of the project %j, which is not this deployment's", (project_id) => {
    const json = event({ project_id, object_type: "organization", id: ORGANIZATION, organization: ACME });
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [], type: "direct.organization.update" });
    expect(namesOf(event({ project_id, object_type: "member", id: MEMBER, member: ADA }))).toEqual([]);
  });
});

describe("what is said of an event", () => {
  test("is in lower case, whatever case it came in", () => {
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
    ["digits", { source: 7 }],
    ["another object", { source: { a: 1 } }],
    ["more than 100 characters", { action: "a".repeat(200) }],
    ["letters of other alphabets", { source: "ДИРЕКТ" }],
  ])("is unknown where it would hold %s; it concerns whom it concerns", (_, fields) => {
    const json = event({ object_type: "organization", id: ORGANIZATION, ...fields });
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [ORGANIZATION], type: "unknown" });
  });

  test.each([undefined, null])("does not make up a source or an action of %j", (missing) => {
    for (const fields of [{ source: missing }, { action: missing }]) {
      const { type: title, identifiers } = parseEvent(
        event({ object_type: "organization", id: ORGANIZATION, ...fields }),
        PROJECT,
      );
      expect(identifiers).toEqual([ORGANIZATION]);
      expect(title).not.toMatch(/undefined|null/);
    }
  });
});

describe("no JSON, however odd,", () => {
  test.each([
    [{ toString: null }],
    [{ toString: 1, valueOf: 1 }],
    [{ toString: "x", valueOf: {} }],
    [[[{ toString: null }]]],
  ])("makes reading it throw: a source or an action of %j", (odd) => {
    for (const fields of [{ source: odd }, { action: odd }, { project_id: odd }, { details: odd }]) {
      const json = event({ object_type: "organization", id: ORGANIZATION, ...fields });
      expect(() => parseEvent(json, PROJECT)).not.toThrow();
    }
  });

  test("concerns a name that could not be one, twice the same, or anything with an event that is no title", () => {
    const type = fc.constantFrom(
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
          object_type: fc.oneof(type, fc.jsonValue({ maxDepth: 1 })),
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
    let concerned = 0;
    fc.assert(
      fc.property(json, (value) => {
        const { identifiers, type: title } = parseEvent(JSON.parse(JSON.stringify(value)), PROJECT);
        expect(identifiers.filter((one) => !isIdentifier(one))).toEqual([]);
        expect(new Set(identifiers).size).toBe(identifiers.length);
        expect(title).toMatch(/^[a-z_.]{1,100}$/);
        concerned += identifiers.length;
      }),
      { numRuns: 1_000 },
    );
    // Else this would have tested nothing.
    expect(concerned).toBeGreaterThan(0);
  });
});
