/**
 * Revoked sessions. A revocation ends the session tokens of one session, member or organization that were issued up to
 * its moment; a token that was issued later is not concerned.
 */
import type { IsolateState } from "../isolate-state.ts";

/** What a verified token says of itself. */
export interface RevocableSession {
  /** The ID in the claim `https://stytch.com/session`. */
  readonly sessionId: string;
  readonly memberId: string;
  readonly organizationId: string;
  /** The claim `iat`: whole seconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * True if the token has been revoked, as far as this isolate knows. Await `readSessionPolicy` first: it makes sure that
 * the isolate knows every revocation that must be in force. No I/O.
 */
export function isRevoked(_state: IsolateState, _session: RevocableSession): boolean {
  throw new Error("not implemented");
}
