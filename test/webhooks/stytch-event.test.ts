/** Which organizations an event is about: of an organization, a member, a connection. */
import { describe, expect, test } from "vitest";
import { parseEvent } from "../../src/webhooks/stytch-event.ts";
import { ACME, ADA, event, MEMBER, namesOf, ORGANIZATION, OTHER, PROJECT } from "../support/event.ts";

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
      expect(parseEvent(json, PROJECT)).toEqual({
        identifiers: [ORGANIZATION, "acme", "crm|1"],
        type: `dashboard.organization.${action.toLowerCase()}`,
      });
    },
  );

  test("of its end names it by its ID alone", () => {
    const json = event({ object_type: "organization", action: "DELETE", id: ORGANIZATION });
    expect(parseEvent(json, PROJECT)).toEqual({
      identifiers: [ORGANIZATION],
      type: "direct.organization.delete",
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
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [ORGANIZATION], type: title });
  });

  test("of the older shape, without `vertical`, does so too", () => {
    const json = event({ object_type: "member", vertical: undefined, id: MEMBER, member: ADA });
    expect(namesOf(json)).toEqual([ORGANIZATION]);
  });

  test("of a member's end concerns nobody: it names no organization", () => {
    const json = event({ object_type: "member", source: "DASHBOARD", action: "DELETE", id: MEMBER });
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [], type: "dashboard.member.delete" });
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
    expect(parseEvent(json, PROJECT)).toEqual({
      identifiers: ["organization-identity80-two"],
      type: "scim.member.delete",
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
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [ORGANIZATION], type: `direct.${type}.update` });
    expect(namesOf(event({ object_type: type, action: "DELETE", id: connection.connection_id }))).toEqual([]);
  });
});
