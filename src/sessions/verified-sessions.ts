/**
 * The session tokens that an isolate has verified, so that the next call with one costs no I/O and no signature check.
 * The whole text is the key: a part of it could be that of another token.
 */
import type { Access } from "../keys/access.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import type { SessionPolicy } from "./session-policy.ts";
import type { Session } from "./verify-session.ts";

/** A token has about 1,300 characters, and 8,192 at most: 6 MB, or 32. The oldest goes first. */
const MAX_VERIFIED_SESSIONS = 4_000;

export interface VerifiedSession {
  readonly session: Session;
  /** What the session may do by the policy beside it, so that a call need not put it together. */
  access: Access | null;
  policy: SessionPolicy | null;
}

export class VerifiedSessions {
  readonly #sessions = new BoundedMap<string, VerifiedSession>(MAX_VERIFIED_SESSIONS);

  get size(): number {
    return this.#sessions.size;
  }

  get(token: string): VerifiedSession | undefined {
    return this.#sessions.get(token);
  }

  /** Only verified tokens are added, so nobody can fill the map with made-up ones. */
  add(token: string, session: Session): VerifiedSession {
    const verified = { session, access: null, policy: null };
    this.#sessions.set(token, verified);
    return verified;
  }

  /** Forgets a token that has ended. */
  delete(token: string): void {
    this.#sessions.delete(token);
  }
}

/** What a session may do: read its own organization, and its own member record. */
export function accessOf(verified: VerifiedSession, policy: SessionPolicy): Access {
  if (verified.access !== null && verified.policy === policy) return verified.access;
  const { organizationId, memberId } = verified.session;
  const { scopes, fields } = policy;
  verified.access = { scopes, organization_ids: [organizationId], fields, member_id: memberId };
  verified.policy = policy;
  return verified.access;
}
