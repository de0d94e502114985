/** The identifiers in events of organizations, members and connections. */
import { expect, test } from "vitest";
import { parseEvent } from "../../src/webhooks/stytch-event.ts";
import { ACME, ADA, event, identifiersIn, MEMBER, ORGANIZATION, OTHER, PROJECT } from "../support/event.ts";

test.each(["CREATE", "UPDATE"])(
  "the %s of an organization names its ID first, then slug and external ID",
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

test("the DELETE of an organization names its ID alone", () => {
  const json = event({ object_type: "organization", action: "DELETE", id: ORGANIZATION });
  expect(parseEvent(json, PROJECT)).toEqual({
    identifiers: [ORGANIZATION],
    type: "direct.organization.delete",
  });
});

test("an organization without an external ID is named by ID and slug", () => {
  for (const organization_external_id of [null, undefined, ""]) {
    const json = event({
      object_type: "organization",
      id: ORGANIZATION,
      organization: { ...ACME, organization_external_id },
    });
    expect(identifiersIn(json)).toEqual([ORGANIZATION, "acme"]);
  }
});

test("an organization's ID may be in the object or in the details only", () => {
  expect(identifiersIn(event({ object_type: "organization", organization: ACME }))).toEqual([
    ORGANIZATION,
    "acme",
    "crm|1",
  ]);
  expect(
    identifiersIn(event({ object_type: "organization", details: { organization_id: ORGANIZATION } })),
  ).toEqual([ORGANIZATION]);
});

test("an organization's event may lack project and source, and have an odd ID", () => {
  const json = {
    event_type: "dashboard.organization.update",
    action: "UPDATE",
    object_type: "organization",
    organization: { organization_id: "org-123" },
  };
  expect(identifiersIn(json)).toEqual(["org-123"]);
});

test("an organization's event with two IDs names both", () => {
  expect(
    identifiersIn(
      event({ object_type: "organization", id: OTHER, organization: { organization_id: ORGANIZATION } }),
    ),
  ).toEqual([OTHER, ORGANIZATION]);
});

test("an organization's event does not name IDs deeper inside the object", () => {
  const organization = {
    organization_id: ORGANIZATION,
    parent: { organization_id: OTHER },
    trusted_metadata: { organization_slug: "other" },
  };
  expect(
    identifiersIn(event({ object_type: "organization", id: ORGANIZATION, organization, member: ADA })),
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
])("a value that %s is no identifier, and does not hide the others", (_, name) => {
  expect(identifiersIn(event({ object_type: "organization", id: name, organization: ACME }))).toEqual([
    ORGANIZATION,
    "acme",
    "crm|1",
  ]);
  const organization = { organization_id: name, organization_slug: name, organization_external_id: name };
  expect(identifiersIn(event({ object_type: "organization", id: ORGANIZATION, organization }))).toEqual([
    ORGANIZATION,
  ]);
  expect(identifiersIn(event({ object_type: "organization", id: name, organization }))).toEqual([]);
});

test("a lone surrogate is no identifier", () => {
  // Only counted, since a report of a failure cannot contain a lone surrogate.
  expect(identifiersIn(event({ object_type: "organization", id: "a\ud800" })).length).toBe(0);
});

test("an identifier may have 256 characters", () => {
  expect(identifiersIn(event({ object_type: "organization", id: "a".repeat(256) }))).toEqual([
    "a".repeat(256),
  ]);
});

test.each([null, 7, "organization", [], [ACME], true])(
  "an organization's event with %j as its object is named by its ID",
  (organization) => {
    expect(identifiersIn(event({ object_type: "organization", id: ORGANIZATION, organization }))).toEqual([
      ORGANIZATION,
    ]);
    expect(
      identifiersIn(event({ object_type: "organization", id: ORGANIZATION, details: organization })),
    ).toEqual([ORGANIZATION]);
  },
);

test.each([
  ["DASHBOARD", "CREATE", "dashboard.member.create"],
  ["DIRECT", "UPDATE", "direct.member.update"],
  ["SCIM", "UPDATE", "scim.member.update"],
])("a member's event from %s with %s names the organization, not the member", (source, action, title) => {
  const json = event({ object_type: "member", source, action, id: MEMBER, member: ADA });
  expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [ORGANIZATION], type: title });
});

test("a member's event of the older shape, without vertical, names it, too", () => {
  const json = event({ object_type: "member", vertical: undefined, id: MEMBER, member: ADA });
  expect(identifiersIn(json)).toEqual([ORGANIZATION]);
});

test("the DELETE of a member without details names no organization", () => {
  const json = event({ object_type: "member", source: "DASHBOARD", action: "DELETE", id: MEMBER });
  expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [], type: "dashboard.member.delete" });
});

test("the DELETE of a member names the organization in its details", () => {
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

test("a member's event names no slug and no external ID", () => {
  const member = { ...ADA, organization_slug: "acme", organization_external_id: "crm|1" };
  expect(identifiersIn(event({ object_type: "member", id: ORGANIZATION, member }))).toEqual([ORGANIZATION]);
  const nameless = { ...member, organization_id: undefined };
  expect(identifiersIn(event({ object_type: "member", id: ORGANIZATION, member: nameless }))).toEqual([]);
});

test("a member's event without a valid organization ID names none", () => {
  expect(
    identifiersIn(event({ object_type: "member", id: "member-123", member: { member_id: "member-123" } })),
  ).toEqual([]);
  expect(
    identifiersIn(event({ object_type: "member", id: MEMBER, member: { organization_id: "a/b" } })),
  ).toEqual([]);
});

test.each(["saml_connection", "oidc_connection", "scim_connection", "external_connection", "sso_connection"])(
  "an event of a %s names the organization of the connection",
  (type) => {
    const connection = { connection_id: `${type}-test-1`, organization_id: ORGANIZATION, status: "active" };
    const json = event({ object_type: type, id: connection.connection_id, [type]: connection });
    expect(parseEvent(json, PROJECT)).toEqual({ identifiers: [ORGANIZATION], type: `direct.${type}.update` });
    expect(
      identifiersIn(event({ object_type: type, action: "DELETE", id: connection.connection_id })),
    ).toEqual([]);
  },
);
