/**
 * The sandbox's data, the same on every import. It uses no Worker or Node API, so that Node scripts, the Worker and
 * tests can all import it. Examples and smoke tests may rely on the identifiers in `demo`.
 */

import { createMembers } from "./seed-members.ts";
import { createOrganizations } from "./seed-organizations.ts";
import type { Member, Organization } from "./shapes.ts";

export const organizations: readonly Organization[] = createOrganizations(20_261_121);

const MEMBERS_SEED = 20_261_122;
let members: readonly Member[] | undefined;

/** Returns the members of all organizations. They are created at the first call, since most starts never need them. */
export function getMembers(): readonly Member[] {
  members ??= createMembers(MEMBERS_SEED, organizations);
  return members;
}

export const demo = createDemo();

function createDemo() {
  const [acme] = organizations;
  // The first organization's members come first, so these are the same as those of `getMembers`.
  const team = createMembers(MEMBERS_SEED, organizations.slice(0, 1));
  const active = team.find((member) => member.status === "active");
  const deleted = team.find((member) => member.status === "deleted");
  if (acme === undefined || active === undefined || deleted === undefined) {
    throw new Error("The seed lacks the demo organization, its active member or its deleted member.");
  }
  return {
    organization_id: acme.organization_id,
    organization_slug: "acme",
    organization_external_id: "crm|1001",
    member_id: active.member_id,
    deleted_member_id: deleted.member_id,
  } as const;
}
