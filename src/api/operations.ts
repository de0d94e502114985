/**
 * The reads of callers: one entry for each, with all that tells it from the others. The stages are shared, those of
 * cached reads in `read-cached.ts` and those of members in `read-member.ts`. The routes are made from this table.
 */
import {
  connectedAppName,
  connectedAppsName,
  metricsName,
  organizationPolicyName,
  PROJECT_POLICY_NAME,
} from "../cache/resource.ts";
import type { Scope } from "../keys/record.ts";
import { organizationMemberRequest, singleMemberRequest } from "./member-requests.ts";
import type { CachedOperation } from "./read-cached.ts";
import type { MemberOperation } from "./read-member.ts";

export interface OperationRoute {
  /** As Stytch's read is named in `stytch/reads.ts`. */
  readonly operation: string;
  /** Hono's pattern. Each parameter is named as in Stytch's reference. */
  readonly path: string;
  readonly scope: Scope;
}

export const CACHED_OPERATIONS: readonly CachedOperation[] = [
  {
    operation: "organization",
    path: "/v1/b2b/organizations/:organization_id",
    scope: "organizations:read",
    missing: "organization_not_found",
    resource: { of: "organization" },
  },
  {
    operation: "metrics",
    path: "/v1/b2b/organizations/:organization_id/metrics",
    scope: "organizations:metrics",
    missing: "organization_not_found",
    resource: { of: "part", nameOf: metricsName },
  },
  {
    operation: "connected_apps",
    path: "/v1/b2b/organizations/:organization_id/connected_apps",
    scope: "organizations:connected_apps",
    missing: "organization_not_found",
    resource: { of: "part", nameOf: connectedAppsName },
  },
  {
    operation: "connected_app",
    path: "/v1/b2b/organizations/:organization_id/connected_apps/:connected_app_id",
    scope: "organizations:connected_apps",
    // Also if the organization is missing: the caller cannot tell which of the two is.
    missing: "connected_app_not_found",
    resource: { of: "part", nameOf: connectedAppName },
  },
  {
    operation: "organization_policy",
    path: "/v1/b2b/rbac/organizations/:organization_id",
    scope: "rbac:read",
    missing: "organization_not_found",
    resource: { of: "part", nameOf: organizationPolicyName },
  },
  {
    operation: "project_policy",
    path: "/v1/b2b/rbac/policy",
    scope: "rbac:read",
    // No caller gets it: a 404 says nothing of the project's policy (`isAboutObject`).
    missing: "organization_not_found",
    resource: { of: "project", name: PROJECT_POLICY_NAME },
  },
];

/** Never cached: a stale member is a security problem. */
export const MEMBER_OPERATIONS: readonly MemberOperation[] = [
  {
    operation: "member",
    path: "/v1/b2b/organizations/members/dangerously_get/:member_id",
    scope: "members:dangerously_get",
    requestOf: singleMemberRequest,
  },
  {
    operation: "organization_member",
    path: "/v1/b2b/organizations/:organization_id/member",
    scope: "members:read",
    requestOf: organizationMemberRequest,
  },
];
