/** What callers ask for when they read a member, from the path and the query. Pure. */
import type { Scope } from "../keys/record.ts";
import { failed, type Result, success } from "../result.ts";
import { isIdentifier, isSpellingOf } from "../stytch/identifier.ts";
import { type MemberQuery, memberRead, organizationMemberRead, type StytchRead } from "../stytch/reads.ts";
import type { MemberEnvelope } from "../stytch/schemas/member-schema.ts";

export interface MemberRequest {
  /** The organization in the path; null if there is none. */
  readonly organization: string | null;
  /** The scopes that the query needs beside that of the operation. */
  readonly scopes: readonly Scope[];
  readonly read: StytchRead<MemberEnvelope>;
  /** What the member is asked for by; null if that is in the path. */
  readonly query: MemberQuery | null;
}

/**
 * The read of a caller that may see one member alone. Stytch is asked for that member, whatever the caller asks for, so
 * that no answer depends on another member. Returns null if the caller names another one.
 */
export function ownMemberRead(
  { organization, query }: MemberRequest,
  own: string,
): StytchRead<MemberEnvelope> | null {
  if (
    organization === null ||
    query === null ||
    (query.memberId !== undefined && !isSpellingOf(own, query.memberId))
  )
    return null;
  return organizationMemberRead(organization, { memberId: own, emailAddress: undefined });
}

/** False if the caller named an address that is not the member's. Addresses have no case, as at Stytch. */
export function hasAskedAddress({ query }: MemberRequest, { member }: MemberEnvelope): boolean {
  const asked = query?.emailAddress?.toLowerCase();
  return asked === undefined || asked === member.email_address.toLowerCase();
}

/** For `GET …/members/dangerously_get/{member_id}?include_deleted=`. */
export function singleMemberRequest(memberId: string, query: URLSearchParams): Result<MemberRequest> {
  if (!isIdentifier(memberId)) return failed({ type: "invalid_member_id" });
  const includeDeleted = parseIncludeDeleted(query);
  if (includeDeleted === null) {
    return failed({
      type: "invalid_query_parameter",
      parameter: "include_deleted",
      rule: "must be true or false",
    });
  }
  return success({
    organization: null,
    scopes: includeDeleted ? ["members:include_deleted"] : [],
    read: memberRead(memberId, includeDeleted),
    query: null,
  });
}

/** Accepts what the official SDKs send. A repeated parameter has to agree with itself. Null if it is anything else. */
function parseIncludeDeleted(query: URLSearchParams): boolean | null {
  const given = query.getAll("include_deleted").map((value) => {
    if (["true", "True", "1"].includes(value)) return true;
    return ["false", "False", "0"].includes(value) ? false : null;
  });
  const [first = false] = given;
  return given.every((value) => value === first) ? first : null;
}

/** More than Stytch allows for an ID or an address. */
const MAX_QUERY_VALUE_LENGTH = 256;

/** For `GET …/organizations/{organization_id}/member?member_id=&email_address=`; at least one of them is required. */
export function organizationMemberRequest(
  organization: string,
  query: URLSearchParams,
): Result<MemberRequest> {
  if (!isIdentifier(organization)) return failed({ type: "invalid_organization_id" });
  const names = ["member_id", "email_address"].filter((name) => query.has(name));
  if (names.length === 0) {
    return failed({
      type: "invalid_query_parameter",
      parameter: "member_id",
      rule: "or email_address is required",
    });
  }
  const invalid = names.find((name) => !isQueryValue(query.getAll(name)));
  if (invalid !== undefined) {
    return failed({
      type: "invalid_query_parameter",
      parameter: invalid,
      rule: `must be given once, with 1 to ${MAX_QUERY_VALUE_LENGTH} characters and no control characters`,
    });
  }
  const memberQuery = {
    memberId: query.get("member_id") ?? undefined,
    emailAddress: query.get("email_address") ?? undefined,
  };
  return success({
    organization,
    scopes: [],
    read: organizationMemberRead(organization, memberQuery),
    query: memberQuery,
  });
}

function isQueryValue([value = "", ...others]: readonly string[]): boolean {
  const length = [...value].length;
  const isInBounds = length >= 1 && length <= MAX_QUERY_VALUE_LENGTH;
  return others.length === 0 && isInBounds && !/[\p{Cc}\p{Cs}]/u.test(value);
}
