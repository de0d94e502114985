/**
 * Every read of the Stytch API that Postern makes: the path, the schema of the answer, and what the answer must be
 * about. Identifiers are encoded here, so that none can change the path or query of a request. Pure.
 */
import type * as z from "zod";
import { isCanonicalId, isSpellingOf } from "./identifier.ts";
import { ConnectedAppEnvelope, ConnectedAppsEnvelope } from "./schemas/connected-app-schema.ts";
import { MemberEnvelope } from "./schemas/member-schema.ts";
import { MetricsEnvelope } from "./schemas/metrics-schema.ts";
import { OrganizationEnvelope, type StytchOrganization } from "./schemas/organization-schema.ts";
import { OrganizationPolicyEnvelope, RbacPolicyEnvelope } from "./schemas/rbac-schema.ts";

export interface StytchRead<T> {
  /** For the pauses after a 429: three different objects of an operation in a row pause it. */
  readonly operation: string;
  /** What is asked for, as the caller wrote it: a 429 pauses this alone. */
  readonly object: string;
  /** Appended to the base URL as it is. */
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** False if the answer is about something else than what was asked for. */
  isAbout?(json: T): boolean;
}

/** `GET /v1/b2b/organizations/{organization_id}`, by ID, slug or external ID. */
export function organizationRead(identifier: string): StytchRead<OrganizationEnvelope> {
  return {
    operation: "organization",
    object: identifier,
    path: organizationPath(identifier),
    schema: OrganizationEnvelope,
    isAbout: ({ organization }) => isNamed(identifier, organizationNames(organization)),
  };
}

/** `GET /v1/b2b/organizations/members/dangerously_get/{member_id}`. */
export function memberRead(memberId: string, includeDeleted: boolean): StytchRead<MemberEnvelope> {
  const path = `/v1/b2b/organizations/members/dangerously_get/${encodeURIComponent(memberId)}`;
  return {
    operation: "member",
    object: memberId,
    path: includeDeleted ? `${path}?include_deleted=true` : path,
    schema: MemberEnvelope,
    isAbout: ({ member }) => isNamed(memberId, [member.member_id, member.external_id]),
  };
}

/** What a member of an organization is asked for by; at least one is given. */
export interface MemberQuery {
  readonly memberId: string | undefined;
  readonly emailAddress: string | undefined;
}

/**
 * `GET /v1/b2b/organizations/{organization_id}/member`. The organization of the answer must be the one that was asked
 * for, whatever the form of its name.
 */
export function organizationMemberRead(
  identifier: string,
  { memberId, emailAddress }: MemberQuery,
): StytchRead<MemberEnvelope> {
  const query = [
    ...(memberId === undefined ? [] : [`member_id=${encodeURIComponent(memberId)}`]),
    ...(emailAddress === undefined ? [] : [`email_address=${encodeURIComponent(emailAddress)}`]),
  ].join("&");
  return {
    operation: "organization_member",
    object: `${identifier}?${query}`,
    path: `${organizationPath(identifier)}/member?${query}`,
    schema: MemberEnvelope,
    isAbout: ({ member, organization }) =>
      hasNameInAnyCase(identifier, organizationNames(organization)) &&
      member.organization_id === organization.organization_id &&
      (memberId === undefined || isNamed(memberId, [member.member_id, member.external_id])),
  };
}

/** `GET /v1/b2b/organizations/{organization_id}/metrics`, by ID. */
export const metricsRead = (organizationId: string): StytchRead<MetricsEnvelope> => ({
  operation: "metrics",
  object: organizationId,
  path: `${organizationPath(organizationId)}/metrics`,
  schema: MetricsEnvelope,
});

/** `GET /v1/b2b/organizations/{organization_id}/connected_apps`, by ID. */
export const connectedAppsRead = (organizationId: string): StytchRead<ConnectedAppsEnvelope> => ({
  operation: "connected_apps",
  object: organizationId,
  path: `${organizationPath(organizationId)}/connected_apps`,
  schema: ConnectedAppsEnvelope,
});

/** `GET /v1/b2b/organizations/{organization_id}/connected_apps/{connected_app_id}`, by ID. */
export const connectedAppRead = (
  organizationId: string,
  appId: string,
): StytchRead<ConnectedAppEnvelope> => ({
  operation: "connected_app",
  object: `${organizationId}/${appId}`,
  path: `${organizationPath(organizationId)}/connected_apps/${encodeURIComponent(appId)}`,
  schema: ConnectedAppEnvelope,
  isAbout: ({ connected_app_id: id }) => id === appId,
});

/** `GET /v1/b2b/rbac/organizations/{organization_id}`, by ID. */
export const organizationPolicyRead = (organizationId: string): StytchRead<OrganizationPolicyEnvelope> => ({
  operation: "organization_policy",
  object: organizationId,
  path: `/v1/b2b/rbac/organizations/${encodeURIComponent(organizationId)}`,
  schema: OrganizationPolicyEnvelope,
});

/** `GET /v1/b2b/rbac/policy`. */
export const projectPolicyRead: StytchRead<RbacPolicyEnvelope> = {
  operation: "project_policy",
  object: "policy",
  path: "/v1/b2b/rbac/policy",
  schema: RbacPolicyEnvelope,
};

/** `GET /v1/b2b/sessions/jwks/{project_id}`. */
export const jwksRead = <T>(projectId: string, schema: z.ZodType<T>): StytchRead<T> => ({
  operation: "jwks",
  object: projectId,
  path: `/v1/b2b/sessions/jwks/${encodeURIComponent(projectId)}`,
  schema,
});

const organizationPath = (identifier: string) => `/v1/b2b/organizations/${encodeURIComponent(identifier)}`;

type Names = readonly [id: string, ...aliases: (string | null | undefined)[]];

const organizationNames = (organization: StytchOrganization): Names => [
  organization.organization_id,
  organization.organization_slug,
  organization.organization_external_id,
];

/**
 * False if a text in the form of an ID is none of the names. A slug or external ID may have the form of an ID. Text in
 * another form is not checked: Stytch may match a slug in another case.
 */
const isNamed = (requested: string, names: Names) => !isCanonicalId(requested) || hasName(requested, names);

const hasName = (requested: string, [id, ...aliases]: Names) =>
  aliases.includes(requested) || isSpellingOf(id, requested);

/** Stytch may match a slug in another case, and answers then with that organization. */
const hasNameInAnyCase = (requested: string, names: Names) =>
  names.some((name) => name?.toLowerCase() === requested.toLowerCase());
