/**
 * The RBAC policies: that of the project, and the roles that an organization adds to it. The SDKs keep them for five
 * minutes and decide with them on the server of the caller.
 * https://stytch.com/docs/b2b/guides/rbac/overview
 *
 * The lists and the IDs in them are required: a policy without its roles would refuse every member of the caller.
 */
import * as z from "zod";
import { identity, text } from "./organization-schema.ts";

const Permission = z.looseObject({ resource_id: identity, actions: z.array(z.string()) });

const PolicyRole = z.looseObject({ role_id: identity, description: text, permissions: z.array(Permission) });

const Resource = z.looseObject({ resource_id: identity, description: text, actions: z.array(z.string()) });

const PolicyScope = z.looseObject({ scope: identity, description: text, permissions: z.array(Permission) });

/** `GET /v1/b2b/rbac/policy` */
export const RbacPolicyEnvelope = z.looseObject({
  request_id: identity,
  status_code: z.int().nullish(),
  policy: z.looseObject({
    roles: z.array(PolicyRole),
    resources: z.array(Resource).nullish(),
    scopes: z.array(PolicyScope).nullish(),
  }),
});

/**
 * `GET /v1/b2b/rbac/organizations/{organization_id}`. An organization without roles of its own has an empty list, none,
 * or no policy at all: the SDKs take each for no roles, and these only add to those of the project.
 */
export const OrganizationPolicyEnvelope = z.looseObject({
  request_id: identity,
  status_code: z.int().nullish(),
  org_policy: z.looseObject({ roles: z.array(PolicyRole).nullish() }).nullish(),
});

export type RbacPolicyEnvelope = z.output<typeof RbacPolicyEnvelope>;
export type OrganizationPolicyEnvelope = z.output<typeof OrganizationPolicyEnvelope>;
