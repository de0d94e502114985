/**
 * The names of what is cached. An organization is found by its ID, slug or external ID. What belongs to it is named by
 * its ID, a slash and a few words, and what belongs to the project begins with a slash. No identifier has a slash, so
 * the two kinds of names never meet. KV, the objects, memory and the purge list all use these names. Pure.
 */
import {
  connectedAppRead,
  connectedAppsRead,
  metricsRead,
  organizationPolicyRead,
  projectPolicyRead,
  type StytchRead,
} from "../stytch/reads.ts";

export const metricsName = (organizationId: string) => `${organizationId}/metrics`;
export const connectedAppsName = (organizationId: string) => `${organizationId}/connected_apps`;
export const connectedAppName = (organizationId: string, appId: string) =>
  `${organizationId}/connected_apps/${appId}`;
export const organizationPolicyName = (organizationId: string) => `${organizationId}/rbac_policy`;
export const PROJECT_POLICY_NAME = "/rbac_policy";

/** The read of Stytch that fetches what has this name; null if it is an identifier of an organization. */
export function resourceRead(name: string): StytchRead<unknown> | null {
  const [organizationId = "", kind, appId] = name.split("/");
  if (kind === undefined) return null;
  if (kind === "metrics") return metricsRead(organizationId);
  if (kind === "rbac_policy") {
    return organizationId === "" ? projectPolicyRead : organizationPolicyRead(organizationId);
  }
  return appId === undefined ? connectedAppsRead(organizationId) : connectedAppRead(organizationId, appId);
}

/** The types of a 400 that are about what was asked for, but not about an organization. */
const NOT_ABOUT_ORGANIZATION = /^invalid_(member|connected_app|email)/;

/**
 * True if a 400 of this type is about what has this name, or about the organization that it belongs to. None is about
 * the project's policy, which has no name that could be wrong.
 */
export function isBadRequestAbout(name: string, errorType: string): boolean {
  const other = NOT_ABOUT_ORGANIZATION.exec(errorType)?.[1];
  if (other === "connected_app") return name.includes("/connected_apps/");
  return other === undefined && name !== PROJECT_POLICY_NAME;
}

/** The organization that what has this name belongs to, or is; "" for what belongs to the project. */
export function ownerOf(name: string): string {
  const slash = name.indexOf("/");
  return slash < 0 ? name : name.slice(0, slash);
}

/** The names whose purges end what is cached under `name`: itself, and the organization that it belongs to. */
export function purgeNamesOf(name: string): string[] {
  const owner = ownerOf(name);
  return owner === name || owner === "" ? [name] : [name, owner];
}
