/**
 * The revoked sessions that an isolate knows of. A revocation ends the tokens of one session, member or organization
 * that were issued up to its moment; a token that was issued later is not concerned. The Directory keeps the list, and
 * isolates pull it together with the purges. Plain data, no I/O.
 */
import { BoundedMap } from "../platform/bounded-map.ts";
import { MAX_TOKEN_AGE_SECONDS } from "./session-policy.ts";

export type RevocationKind = "session" | "member" | "organization";

export interface Revocation {
  readonly kind: RevocationKind;
  readonly id: string;
  /** Ms since the epoch. Tokens that were issued up to this moment are refused. */
  readonly revokedAt: number;
}

/** What the Directory returns to an isolate that knows all revocations up to some moment of the past. */
export interface RevocationUpdates {
  readonly revocations: readonly Revocation[];
  /** Tokens that were issued up to this moment are refused, whosever they are; ms since the epoch. */
  readonly revokedBefore: number;
}

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
 * How many revocations the Directory and an isolate list one by one. If there are more, all tokens that were issued up
 * to the oldest of them are refused: members get a new token within 5 minutes.
 */
export const MAX_REVOCATIONS = 5_000;

/** Tolerance for `iat` (5 s), and clocks that differ by a minute. */
const RETENTION_MARGIN_MS = 65_000;

/** A token that was issued before a revocation is too old for every policy when this time has passed. */
export const REVOCATION_RETENTION_MS = MAX_TOKEN_AGE_SECONDS * 1_000 + RETENTION_MARGIN_MS;

export class RevocationList {
  /** The moment of the latest revocation of each ID; about the oldest first. */
  readonly #moments: Readonly<Record<RevocationKind, BoundedMap<string, number>>> = {
    session: this.#createMap(),
    member: this.#createMap(),
    organization: this.#createMap(),
  };
  #revokedBefore = 0;

  get size(): number {
    return Object.values(this.#moments).reduce((size, moments) => size + moments.size, 0);
  }

  /** True if a revocation that this isolate knows of concerns the token. On the path of every call of a session. */
  isRevoked({ sessionId, memberId, organizationId, issuedAt }: RevocableSession): boolean {
    const issuedAtMs = issuedAt * 1_000;
    const { session, member, organization } = this.#moments;
    return (
      issuedAtMs <= this.#revokedBefore ||
      issuedAtMs <= (session.get(sessionId) ?? 0) ||
      issuedAtMs <= (member.get(memberId) ?? 0) ||
      issuedAtMs <= (organization.get(organizationId) ?? 0)
    );
  }

  /** Adds one revocation, which may be known already. */
  add({ kind, id, revokedAt }: Revocation): void {
    const moments = this.#moments[kind];
    if (revokedAt > (moments.get(id) ?? 0)) moments.set(id, revokedAt);
  }

  /**
   * Adds what the Directory returned, in any order, and forgets what is too old to concern any token. `now`: ms since
   * the epoch.
   */
  applyUpdates({ revocations, revokedBefore }: RevocationUpdates, now: number): void {
    for (const revocation of revocations) this.add(revocation);
    this.#revokedBefore = Math.max(this.#revokedBefore, revokedBefore);
    for (const moments of Object.values(this.#moments)) {
      for (const [id, revokedAt] of moments) {
        if (revokedAt >= now - REVOCATION_RETENTION_MS) break;
        moments.delete(id);
        // If the clock was ahead and is set back, the tokens are no longer too old.
        this.#revokedBefore = Math.max(this.#revokedBefore, revokedAt);
      }
    }
  }

  #createMap(): BoundedMap<string, number> {
    // A revocation that is no longer listed must still end the tokens that it ended.
    return new BoundedMap(MAX_REVOCATIONS, (_, revokedAt) => {
      this.#revokedBefore = Math.max(this.#revokedBefore, revokedAt);
    });
  }
}

/**
 * True if the token has been revoked, as far as this isolate knows. Await `readSessionPolicy` first: it makes sure that
 * the isolate knows every revocation that must be in force. No I/O.
 */
export function isRevoked(
  { sessions }: { readonly sessions: { readonly revocations: RevocationList } },
  session: RevocableSession,
): boolean {
  return sessions.revocations.isRevoked(session);
}
