/** The events of the audit log in words. Pure. */
import { formatSeconds } from "./format.ts";
import type { AuditEvent } from "./shapes.ts";

const ACTIONS: Readonly<Record<string, string>> = {
  "key.created": "Created a key",
  "key.updated": "Edited a key",
  "key.rotated": "Rotated a key",
  "key.revoked": "Revoked a key",
  "key.handed_over": "Handed a key over",
  "cache.purged": "Purged the cache",
  "session.revoked": "Revoked sessions",
  "session_policy.updated": "Set the session policy",
  "session_policy.deleted": "Removed the session policy",
};

export const actionText = ({ action }: AuditEvent) =>
  Object.hasOwn(ACTIONS, action) ? (ACTIONS[action] ?? action) : action;

const ACTORS: Readonly<Record<string, string>> = {
  token: "Admin token",
  webhook: "Stytch webhook",
  handover: "Opener of the link",
};

export const actorText = ({ actor }: AuditEvent) =>
  Object.hasOwn(ACTORS, actor) ? (ACTORS[actor] ?? actor) : actor;

/** Lines such as `rate_limit: none → 60 in 60 s`. */
export function detailLines({ detail }: AuditEvent): readonly string[] {
  const { before, after } = detail;
  if (isRecord(before) && isRecord(after)) return changedLines(before, after);
  if (isRecord(after)) return changedLines({}, after);
  if (isRecord(before)) return [];
  return Object.entries(detail)
    .filter(([name]) => name !== "by")
    .map(([name, value]) => lineOf(name, value));
}

function lineOf(name: string, value: unknown): string {
  if (name.endsWith("_seconds") && typeof value === "number") {
    return `${name.replace(/_seconds$/, "").replaceAll("_", " ")}: ${formatSeconds(value)}`;
  }
  if (value === true) return name.replaceAll("_", " ");
  return `${name.replaceAll("_", " ")}: ${valueText(value)}`;
}

function changedLines(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) {
  return Object.entries(after)
    .map(([name, value]) => [name, valueText(before[name]), valueText(value)] as const)
    .filter(([, old, now]) => old !== now)
    .map(([name, old, now]) =>
      Object.hasOwn(before, name)
        ? `${name.replaceAll("_", " ")}: ${old} → ${now}`
        : `${name.replaceAll("_", " ")}: ${now}`,
    );
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "nothing" : value.map(valueText).join(", ");
  if (isRecord(value)) {
    if (typeof value["limit"] === "number" && typeof value["period_seconds"] === "number") {
      return `${value["limit"]} in ${formatSeconds(value["period_seconds"])}`;
    }
    return Object.entries(value)
      .map(([name, part]) => `${name} ${part === null ? "all" : valueText(part)}`)
      .join("; ");
  }
  return String(value);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
