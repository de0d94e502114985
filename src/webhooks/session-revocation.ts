/**
 * The sessions that an event of Stytch ends: those of a member that was deleted or is no longer active, and of all
 * members of an organization that was deleted.
 */
import type { RevocationOrder } from "../directory/directory.ts";
import type { RevocationKind } from "../sessions/revocations.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { fieldOf, isOfOtherProject } from "./stytch-event.ts";

/**
 * Returns whose sessions to revoke, as of `now` (ms since the epoch), the time of the delivery. The event's own time would
 * leave the tokens valid that Stytch issued between the two. The price is that a repeated delivery also ends the tokens
 * of a member who has come back since; their next ones work. Empty if the event ends no session. Never throws.
 */
export function revocationsIn(json: unknown, projectId: string, now: number): RevocationOrder[] {
  const kind = endedKind(json);
  if (kind === null || isOfOtherProject(json, projectId)) return [];
  const idField = `${kind}_id`;
  const candidates = [
    fieldOf(json, "id"),
    fieldOf(fieldOf(json, kind), idField),
    fieldOf(fieldOf(json, "details"), idField),
  ];
  const ids = candidates.filter((id): id is string => typeof id === "string" && isIdentifier(id));
  return [...new Set(ids)].map((id) => ({ kind, id, revokedAt: now }));
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
