/** The RBAC policy of the project, and the roles that an organization adds to it. */

import { isJsonObject, type Json, type JsonObject, type Organization } from "./shapes.ts";

const permission = (resource_id: string, ...actions: string[]) => ({ actions, resource_id });

/** Stytch's two default roles, and one of the project's own, which some members of the seed have. */
export const projectPolicy: JsonObject = {
  resources: [
    { actions: ["*", "update.info.name", "delete"], description: "", resource_id: "stytch.organization" },
    { actions: ["*", "create", "search", "delete"], description: "", resource_id: "stytch.member" },
    { actions: ["create", "read", "update", "delete"], description: "A document", resource_id: "document" },
    { actions: ["read", "export"], description: "An invoice", resource_id: "invoice" },
    { actions: ["read"], description: "", resource_id: "report" },
  ],
  roles: [
    {
      description: "Granted to every member",
      permissions: [permission("document", "read"), permission("stytch.self", "*")],
      role_id: "stytch_member",
    },
    {
      description: "Granted to who created the organization",
      permissions: [
        permission("stytch.organization", "*"),
        permission("stytch.member", "*"),
        permission("document", "*"),
      ],
      role_id: "stytch_admin",
    },
    {
      description: "Reads invoices, changes none",
      permissions: [permission("invoice", "read", "export")],
      role_id: "billing_viewer",
    },
  ],
  scopes: [
    {
      description: "Read documents on behalf of a member",
      permissions: [permission("document", "read")],
      scope: "read:documents",
    },
  ],
};

/** The roles that the organization defines itself; most define none. */
export function createOrganizationPolicy({ custom_roles: roles }: Organization): JsonObject {
  const own: Json[] = Array.isArray(roles) ? roles.filter(isJsonObject) : [];
  return { roles: own };
}
