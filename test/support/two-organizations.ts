/** Two organizations at Stytch with a member each: in tests of isolation, a key may see one of them and not the other. */
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "./bodies.ts";
import { json, stubUpstream, stytchError, type Upstream } from "./upstream.ts";

export interface TwoOrganizations {
  /** Replace it to change the organization at Stytch. */
  own: Json;
  readonly other: Json;
  readonly ownMember: Json;
  readonly otherMember: Json;
  readonly upstream: Upstream;
}

export function stubTwoOrganizations(): TwoOrganizations {
  const own = organization({ organization_external_id: `ext|${crypto.randomUUID()}` });
  const other = organization({ organization_external_id: `ext|${crypto.randomUUID()}` });
  const trusted_metadata = { level: 7, note: "canary" };
  const ownMember = member({ organization_id: own["organization_id"], trusted_metadata });
  const otherMember = member({ organization_id: other["organization_id"] });
  const upstream = stubUpstream(({ url }) => {
    const identifier = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
    const found = [stytch.own, other].find((candidate) => identifiersOf(candidate).includes(identifier));
    if (found !== undefined) return json(organizationEnvelope(found));
    if (identifier === ownMember["member_id"]) return json(memberEnvelope(ownMember, stytch.own));
    if (identifier === otherMember["member_id"]) return json(memberEnvelope(otherMember, other));
    return stytchError(404, "organization_not_found");
  });
  const stytch: TwoOrganizations = { own, other, ownMember, otherMember, upstream };
  return stytch;
}

/** The ID, the slug and the external ID. */
export const identifiersOf = (candidate: Json): string[] =>
  [candidate["organization_id"], candidate["organization_slug"], candidate["organization_external_id"]].map(
    String,
  );
