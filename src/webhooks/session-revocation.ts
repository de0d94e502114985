/**
 * The sessions that an event of Stytch ends: those of a member that was deleted or is no longer active, and of all
 * members of an organization that was deleted.
 */
import type { RevocationOrder } from "../directory/directory.ts";
import { REVOCATION_RETENTION_MS, type RevocationKind } from "../sessions/revocations.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { fieldOf, isOfOtherProject } from "./stytch-event.ts";

/**
 * Returns whose sessions to revoke, with the time of the event: a duplicate or a late delivery does not end the tokens
 * of a member who has come back since. The signature covers that time. If it is missing, or in the future of this clock,
 * now takes its place. Empty if the event ends no session, or is so old that no token from before it can live.
 * `now`: ms since the epoch. Never throws.
 */
export function revocationsIn(json: unknown, projectId: string, now: number): RevocationOrder[] {
  const kind = endedKind(json);
  if (kind === null || isOfOtherProject(json, projectId)) return [];
  const revokedAt = Math.min(eventTime(json) ?? now, now);
  if (revokedAt < now - REVOCATION_RETENTION_MS) return [];
  const idField = `${kind}_id`;
  const candidates = [
    fieldOf(json, "id"),
    fieldOf(fieldOf(json, kind), idField),
    fieldOf(fieldOf(json, "details"), idField),
  ];
  const ids = candidates.filter((id): id is string => typeof id === "string" && isIdentifier(id));
  return [...new Set(ids)].map((id) => ({ kind, id, revokedAt }));
}

/** What has ended by the event. A member that is created has no session yet. */
function endedKind(json: unknown): Exclude<RevocationKind, "session"> | null {
  const [objectType, action] = [lowerCaseField(json, "object_type"), lowerCaseField(json, "action")];
  if (objectType !== "member" && objectType !== "organization") return null;
  if (action === "delete") return objectType;
  if (objectType !== "member" || action !== "update") return null;
  const status = lowerCaseField(fieldOf(json, "member"), "status");
  // An update that says nothing of the status does not change it.
  return status === undefined || status === "active" ? null : "member";
}

function lowerCaseField(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === "string" ? field.toLowerCase() : undefined;
}

/** RFC 3339 with microseconds; null if it is missing or malformed. */
function eventTime(json: unknown): number | null {
  const timestamp = fieldOf(json, "timestamp");
  const time = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
