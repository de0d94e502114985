/** Paths of Postern's API, which are those of Stytch. */
import type { Json } from "./bodies.ts";

const ORGANIZATIONS = "/v1/b2b/organizations";

/** The path of an organization, given as its body or as one of its identifiers: ID, slug or external ID. */
export function organizationPath(organization: Json | string): string {
  const identifier = typeof organization === "string" ? organization : organization["organization_id"];
  return `${ORGANIZATIONS}/${encodeURIComponent(String(identifier))}`;
}

/** The path of a member, given as its body or as its ID. */
export function memberPath(member: Json | string): string {
  const id = typeof member === "string" ? member : member["member_id"];
  return `${ORGANIZATIONS}/members/dangerously_get/${encodeURIComponent(String(id))}`;
}
