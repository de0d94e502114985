/** The events of the audit log. None holds a key, a token or data of a member beyond its ID. */
import type { KeyEvent } from "../keys/event-outbox.ts";
import type { SessionPolicy } from "../sessions/session-policy.ts";

/** Whoever has `ADMIN_TOKEN`, by the header or signed in to the console with it. */
export const TOKEN_ACTOR = "token";
/** Whoever opened a link that hands over a key. */
export const HANDOVER_ACTOR = "handover";

/** What the events that the Directory itself writes have in common. */
interface DirectoryEvent {
  /** Who made the change. Absent for a webhook, and in an event of an early version. */
  readonly actor?: string | undefined;
  readonly at: string;
  readonly key_id: null;
  /** The Stytch project of the deployment. An event of an early version has none. The admin API does not show it. */
  readonly project_id?: string;
}

/** What was purged or revoked, in the fields of the admin call, and `by` whom. */
type OriginDetail = Readonly<Record<string, string | boolean>>;

/**
 * A purge that somebody made: an operator, or a webhook. Purges that the cache itself lists, when an answer of Stytch
 * ends an entry, are not in the audit log.
 */
export interface PurgeEvent extends DirectoryEvent {
  readonly action: "cache.purged";
  readonly detail: OriginDetail;
}

/** A revocation of sessions, by an operator or a webhook. */
export interface RevocationEvent extends DirectoryEvent {
  readonly action: "session.revoked";
  readonly detail: OriginDetail;
}

/** `before` is absent if there was no policy, `after` if it was removed. */
export interface PolicyEvent extends DirectoryEvent {
  readonly action: "session_policy.updated" | "session_policy.deleted";
  readonly detail: { readonly before?: SessionPolicy; readonly after?: SessionPolicy };
}

export type AuditEvent = KeyEvent | PurgeEvent | RevocationEvent | PolicyEvent;

/** Who made the change: `token`, `webhook` (Stytch), `handover`, or the e-mail address of an operator. */
export const actorOf = ({ actor, detail }: AuditEvent): string =>
  actor ?? ("by" in detail && detail["by"] === "webhook" ? "webhook" : TOKEN_ACTOR);

/** Who made a purge or a revocation, and in which Stytch project. */
export interface EventOrigin
  extends Required<Pick<PurgeEvent, "project_id" | "detail">>,
    Pick<PurgeEvent, "actor"> {}

export type NumberedEventKind = "purge" | "revocation" | "session_policy";

/** Sorts like the sequence numbers. It cannot be taken for the ID of a key's event, which begins with the key's ID. */
export const numberedEventId = (kind: NumberedEventKind, sequence: number) =>
  `${kind}.${String(sequence).padStart(16, "0")}`;
