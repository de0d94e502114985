/** A member's SSO, OAuth and SCIM registrations, which refer to the connections of the member's organization. */

import type { Random } from "./random.ts";
import { isJsonObject, type Json, type JsonObject, type Organization } from "./shapes.ts";

export function createRegistrations(random: Random, organization: Organization, name: string): JsonObject {
  const { sso_active_connections: sso, scim_active_connection: scim } = organization;
  const ssoConnection = connectionIdOf(Array.isArray(sso) ? sso[0] : undefined);
  const scimConnection = connectionIdOf(scim);
  return {
    oauth_registrations: random.chance(0.2) ? [createOAuthRegistration(random)] : [],
    sso_registrations:
      ssoConnection === undefined ? [] : [createSsoRegistration(random, ssoConnection, name)],
    ...(scimConnection === undefined
      ? {}
      : { scim_registration: createScimRegistration(random, scimConnection, name) }),
  };
}

function connectionIdOf(connection: Json | undefined): string | undefined {
  if (!isJsonObject(connection)) return undefined;
  const { connection_id: id } = connection;
  return typeof id === "string" ? id : undefined;
}

function createOAuthRegistration(random: Random): Json {
  return {
    locale: random.pick<Json>([null, "en", "de-CH"]),
    member_oauth_registration_id: `oauth-user-test-${random.uuid()}`,
    profile_picture_url: random.pick<Json>([null, "", "https://pictures.customer.example/1.png"]),
    provider_subject: String(random.int(1_000_000_000, 9_999_999_999)),
    // Only Stytch's browser SDK declares this field.
    provider_tenants: [{ tenant_id: `T${random.hex(8)}`, tenant_name: "Main workspace" }],
    provider_type: random.pick(["Google", "Microsoft", "GitHub", "Slack"]),
  };
}

function createSsoRegistration(random: Random, connection: string, name: string): Json {
  return {
    connection_id: connection,
    external_id: `00u${random.hex(17)}`,
    registration_id: `saml-member-registration-test-${random.uuid()}`,
    sso_attributes: {
      displayName: name,
      groups: ["Engineering", "Finance"],
      login_count: random.int(0, 900),
    },
  };
}

function createScimRegistration(random: Random, connection: string, name: string): Json {
  const attributes: Json = {
    active: true,
    addresses: [],
    display_name: name,
    emails: [{ primary: true, type: "work", value: "member@customer.example" }],
    enterprise_extension: {
      cost_center: "",
      department: random.pick(["R&D", "営業", "Legal"]),
      division: "",
      employee_number: String(random.int(1, 90_000)),
      manager: { display_name: "", ref: "", value: "" },
      organization: "",
    },
    entitlements: [],
    external_id: random.hex(12),
    groups: [{ display: "Everyone", value: random.uuid() }],
    id: random.uuid(),
    ims: [],
    locale: "en-GB",
    name: {
      family_name: "",
      formatted: name,
      given_name: "",
      honorific_prefix: "",
      honorific_suffix: "",
      middle_name: "",
    },
    nick_name: "",
    phone_numbers: [],
    photos: [],
    preferred_language: "",
    profile_url: "",
    roles: [],
    timezone: "Europe/Zurich",
    title: "",
    user_name: `user-${random.hex(6)}`,
    user_type: "",
    x509certificates: [],
  };
  return {
    connection_id: connection,
    registration_id: `scim-member-registration-test-${random.uuid()}`,
    ...(random.chance(0.8) ? { external_id: random.hex(12) } : {}),
    ...(random.chance(0.7) ? { scim_attributes: attributes } : {}),
  };
}
