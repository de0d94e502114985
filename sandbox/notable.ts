/** Organizations of the seed that show what a caller's code has to cope with: `npm start` names them. */

import { getMembers, organizations } from "./seed.ts";
import type { Organization } from "./shapes.ts";

const members = getMembers();

const memberCounts = Map.groupBy(members, (member) => member.organization_id);
export const memberCountOf = ({ organization_id: id }: Organization) => memberCounts.get(id)?.length ?? 0;

const chinese = organizations.find(({ organization_name: name }) => /^\p{sc=Han}/u.test(name));
const [largest] = organizations.toSorted((a, b) => memberCountOf(b) - memberCountOf(a));
const scimMember = members.find(
  (member) =>
    member.organization_id !== organizations[0]?.organization_id &&
    member.status === "active" &&
    member["scim_registration"] !== undefined,
);
const provisioned = organizations.find((each) => each.organization_id === scimMember?.organization_id);
if (!chinese || !largest || !scimMember || !provisioned) throw new Error("The seed lacks notable objects.");

export const notable = {
  /** Its name has no Latin letter. */
  nonLatin: chinese,
  /** It has more members than any other. */
  largest,
  /** Its members come from a SCIM connection. */
  scim: provisioned,
  scimMember,
} as const;
