/** Which organizations an event is about. Bodies have the shapes of Svix's catalogue, and of other people's tests. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isIdentifier } from "../../src/stytch/identifier.ts";
import { concernOf } from "../../src/stytch/webhook.ts";

const PROJECT = "project-test-00000000-0000-0000-0000-000000000000";
const ORGANIZATION = "organization-test-00000000-0000-0000-0000-000000000000";
const MEMBER = "member-test-00000000-0000-0000-0000-000000000000";
const OTHER = "organization-test-11111111-1111-4111-8111-111111111111";

/** As in the catalogue, with `vertical`; `undefined` leaves a field out. */
function event(fields: Record<string, unknown>): unknown {
  const body = {
    action: "UPDATE",
    event_id: "webhook-event-test-00000000-0000-0000-0000-000000000000",
    project_id: PROJECT,
    source: "DIRECT",
    timestamp: "2024-01-02T03:04:05.678901Z",
    vertical: "B2B",
    ...fields,
  };
  return JSON.parse(JSON.stringify(body));
}
const namesOf = (json: unknown) => concernOf(json, PROJECT).names;

const ACME = {
  organization_id: ORGANIZATION,
  organization_name: "Acme",
  organization_slug: "acme",
  organization_external_id: "crm|1",
};
const ADA = { member_id: MEMBER, organization_id: ORGANIZATION, email_address: "ada@acme.example" };

describe("an organization's event", () => {
  test.each(["CREATE", "UPDATE"])(
    "of %s concerns it by its ID, slug and external ID, the ID first",
    (action) => {
      const json = event({
        object_type: "organization",
        source: "DASHBOARD",
        action,
        id: ORGANIZATION,
        organization: ACME,
      });
      expect(concernOf(json, PROJECT)).toEqual({
        names: [ORGANIZATION, "acme", "crm|1"],
        event: `dashboard.organization.${action.toLowerCase()}`,
      });
    },
  );

  test("of its end names it by its ID alone", () => {
    const json = event({ object_type: "organization", action: "DELETE", id: ORGANIZATION });
    expect(concernOf(json, PROJECT)).toEqual({
      names: [ORGANIZATION],
      event: "direct.organization.delete",
    });
  });

  test("concerns its slug as well where it has no external ID", () => {
    for (const organization_external_id of [null, undefined, ""]) {
      const json = event({
        object_type: "organization",
        id: ORGANIZATION,
        organization: { ...ACME, organization_external_id },
      });
      expect(namesOf(json)).toEqual([ORGANIZATION, "acme"]);
    }
  });

  test("may say its ID in the object only, or in the details", () => {
    expect(namesOf(event({ object_type: "organization", organization: ACME }))).toEqual([
      ORGANIZATION,
      "acme",
      "crm|1",
    ]);
    expect(
      namesOf(event({ object_type: "organization", details: { organization_id: ORGANIZATION } })),
    ).toEqual([ORGANIZATION]);
  });

  test("may say no project, no source and no ID that looks like one", () => {
    const json = {
      event_type: "dashboard.organization.update",
      action: "UPDATE",
      object_type: "organization",
      organization: { organization_id: "org-123" },
    };
    expect(namesOf(json)).toEqual(["org-123"]);
  });

  test("that says two IDs concerns both: which is right is not ours to say", () => {
    expect(
      namesOf(
        event({ object_type: "organization", id: OTHER, organization: { organization_id: ORGANIZATION } }),
      ),
    ).toEqual([OTHER, ORGANIZATION]);
  });

  test("does not concern what else the object holds", () => {
    const organization = {
      organization_id: ORGANIZATION,
      parent: { organization_id: OTHER },
      trusted_metadata: { organization_slug: "other" },
    };
    expect(
      namesOf(event({ object_type: "organization", id: ORGANIZATION, organization, member: ADA })),
    ).toEqual([ORGANIZATION]);
  });

  test.each([
    ["has a slash", "a/b"],
    ["has a backslash", "a\\b"],
    ["has a percent sign", "a%2fb"],
    ["has a question mark", "a?b"],
    ["has a fragment", "a#b"],
    ["has a control character", "a\nb"],
    ["has 257 characters", "a".repeat(257)],
    ["is empty", ""],
    ["is a dot", "."],
    ["is two dots", ".."],
    ["is a number", 7],
    ["is null", null],
    ["is true", true],
    ["is a list", [ORGANIZATION]],
    ["is an object", { organization_id: ORGANIZATION }],
  ])("does not concern a name that %s, and is about the others all the same", (_, name) => {
    expect(namesOf(event({ object_type: "organization", id: name, organization: ACME }))).toEqual([
      ORGANIZATION,
      "acme",
      "crm|1",
    ]);
    const organization = { organization_id: name, organization_slug: name, organization_external_id: name };
    expect(namesOf(event({ object_type: "organization", id: ORGANIZATION, organization }))).toEqual([
      ORGANIZATION,
    ]);
    expect(namesOf(event({ object_type: "organization", id: name, organization }))).toEqual([]);
  });

  test("does not concern half a character", () => {
    // Counted only: a report of this failure could not hold it.
    expect(namesOf(event({ object_type: "organization", id: "a\ud800" })).length).toBe(0);
  });

  test("takes names of 256 characters", () => {
    expect(namesOf(event({ object_type: "organization", id: "a".repeat(256) }))).toEqual(["a".repeat(256)]);
  });

  test.each([null, 7, "organization", [], [ACME], true])(
    "with %j for its object is about its ID",
    (organization) => {
      expect(namesOf(event({ object_type: "organization", id: ORGANIZATION, organization }))).toEqual([
        ORGANIZATION,
      ]);
      expect(
        namesOf(event({ object_type: "organization", id: ORGANIZATION, details: organization })),
      ).toEqual([ORGANIZATION]);
    },
  );
});

describe("a member's event", () => {
  test.each([
    ["DASHBOARD", "CREATE", "dashboard.member.create"],
    ["DIRECT", "UPDATE", "direct.member.update"],
    ["SCIM", "UPDATE", "scim.member.update"],
  ])("of %s %s concerns the organization of the member, and not the member", (source, action, title) => {
    const json = event({ object_type: "member", source, action, id: MEMBER, member: ADA });
    expect(concernOf(json, PROJECT)).toEqual({ names: [ORGANIZATION], event: title });
  });

  test("of the older shape, without `vertical`, does so too", () => {
    const json = event({ object_type: "member", vertical: undefined, id: MEMBER, member: ADA });
    expect(namesOf(json)).toEqual([ORGANIZATION]);
  });

  test("of a member's end concerns nobody: it names no organization", () => {
    const json = event({ object_type: "member", source: "DASHBOARD", action: "DELETE", id: MEMBER });
    expect(concernOf(json, PROJECT)).toEqual({ names: [], event: "dashboard.member.delete" });
  });

  test("of a member's end concerns the organization that its details name", () => {
    const json = event({
      object_type: "member",
      source: "SCIM",
      action: "DELETE",
      id: "member-identity80-two",
      details: { organization_id: "organization-identity80-two" },
      workspace_id: "workspace-test-identity80",
    });
    expect(concernOf(json, PROJECT)).toEqual({
      names: ["organization-identity80-two"],
      event: "scim.member.delete",
    });
  });

  test("concerns no slug and no external ID that the member is said to have", () => {
    const member = { ...ADA, organization_slug: "acme", organization_external_id: "crm|1" };
    expect(namesOf(event({ object_type: "member", id: ORGANIZATION, member }))).toEqual([ORGANIZATION]);
    const nameless = { ...member, organization_id: undefined };
    expect(namesOf(event({ object_type: "member", id: ORGANIZATION, member: nameless }))).toEqual([]);
  });

  test("without an organization that can be one concerns nobody", () => {
    expect(
      namesOf(event({ object_type: "member", id: "member-123", member: { member_id: "member-123" } })),
    ).toEqual([]);
    expect(namesOf(event({ object_type: "member", id: MEMBER, member: { organization_id: "a/b" } }))).toEqual(
      [],
    );
  });
});

describe("a connection's event", () => {
  test.each([
    "saml_connection",
    "oidc_connection",
    "scim_connection",
    "external_connection",
    "sso_connection",
  ])("of a %s concerns the organization whose list of connections it is in", (type) => {
    const connection = { connection_id: `${type}-test-1`, organization_id: ORGANIZATION, status: "active" };
    const json = event({ object_type: type, id: connection.connection_id, [type]: connection });
    expect(concernOf(json, PROJECT)).toEqual({ names: [ORGANIZATION], event: `direct.${type}.update` });
    expect(namesOf(event({ object_type: type, action: "DELETE", id: connection.connection_id }))).toEqual([]);
  });
});

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
      expect(concernOf(event({ object_type, id: ORGANIZATION, organization: ACME }), PROJECT)).toEqual({
        names: [],
        event: "unknown",
      });
    },
  );

  test.each([null, undefined, 7, "organization", true, [], [event({ object_type: "organization" })], {}])(
    "that is %j",
    (json) => {
      expect(concernOf(json, PROJECT)).toEqual({ names: [], event: "unknown" });
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
    expect(concernOf(json, PROJECT)).toEqual({ names: [], event: "direct.organization.update" });
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
    expect(concernOf(json, PROJECT)).toEqual({
      names: [ORGANIZATION, "acme", "crm|1"],
      event: "dashboard.organization.update",
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
    expect(concernOf(json, PROJECT)).toEqual({ names: [ORGANIZATION], event: "unknown" });
  });

  test.each([undefined, null])("does not make up a source or an action of %j", (missing) => {
    for (const fields of [{ source: missing }, { action: missing }]) {
      const { event: title, names } = concernOf(
        event({ object_type: "organization", id: ORGANIZATION, ...fields }),
        PROJECT,
      );
      expect(names).toEqual([ORGANIZATION]);
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
      expect(() => concernOf(json, PROJECT)).not.toThrow();
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
        const { names, event: title } = concernOf(JSON.parse(JSON.stringify(value)), PROJECT);
        expect(names.filter((one) => !isIdentifier(one))).toEqual([]);
        expect(new Set(names).size).toBe(names.length);
        expect(title).toMatch(/^[a-z_.]{1,100}$/);
        concerned += names.length;
      }),
      { numRuns: 1_000 },
    );
    // Else this would have tested nothing.
    expect(concerned).toBeGreaterThan(0);
  });
});
