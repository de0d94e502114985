/** The events of the audit log in words. Pure. */
import { formatSeconds } from "./format.ts";
import type { AuditEvent, KeyRecord } from "./shapes.ts";

const ACTIONS: Readonly<Record<string, string>> = {
  "key.created": "Created a key",
  "key.updated": "Edited a key",
  "key.rotated": "Rotated a key",
  "key.revoked": "Revoked a key",
  "key.handed_over": "Handed a key over",
  "key.imported": "Imported a key",
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

/** Names of keys by their ID: as they are now, or, of a key that is not among `keys`, as its creation had it. */
export function keyNames(
  events: readonly AuditEvent[],
  keys: readonly Pick<KeyRecord, "key_id" | "name">[],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { key_id, detail } of events) {
    if (key_id !== null && typeof detail["name"] === "string") names.set(key_id, detail["name"]);
  }
  for (const { key_id, name } of keys) names.set(key_id, name);
  return names;
}

/** Lines such as `rate limit: none → 60 in 1 minute`. */
export function detailLines({ detail }: AuditEvent): readonly string[] {
  const { before, after } = detail;
  if (isRecord(after)) return changedLines(isRecord(before) ? before : {}, after);
  if (isRecord(before)) return [];
  const given = Object.entries(detail).filter(([name]) => name !== "by");
  return given.map(([name, value]) =>
    value === true ? nameText(name) : lineOf(name, fieldText(name, shortened(value))),
  );
}

const MAX_ITEMS_SHOWN = 10;

/** With the first items of each list. An edit keeps them all, since a later one may be what it changed. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value) && value.length > MAX_ITEMS_SHOWN) {
    return [...value.slice(0, MAX_ITEMS_SHOWN), `and ${value.length - MAX_ITEMS_SHOWN} more`];
  }
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shortened(part)]))
    : value;
}

const changedLines = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) =>
  Object.entries(after)
    .map(([name, value]) => [name, fieldText(name, before[name]), fieldText(name, value)] as const)
    .filter(([name, old, now]) => old !== now || !Object.hasOwn(before, name))
    .map(([name, old, now]) => lineOf(name, Object.hasOwn(before, name) ? `${old} → ${now}` : now));

const lineOf = (name: string, text: string) => `${nameText(name)}: ${text}`;

/** `organization_ids` as "organizations", `overlap_seconds` as "overlap". */
const nameText = (name: string) => name.replace(/_(?:id(s?)|seconds)$/, "$1").replaceAll("_", " ");

/** What it means that a field of a record is null. */
const NULL_TEXTS: Readonly<Record<string, string>> = {
  allowed_ips: "any",
  expires_at: "never",
  fields: "all",
  organization_ids: "all",
  rate_limit: "none",
};

function fieldText(name: string, value: unknown): string {
  if (value === null && Object.hasOwn(NULL_TEXTS, name)) return NULL_TEXTS[name] ?? "none";
  return name.endsWith("_seconds") && typeof value === "number" ? formatSeconds(value) : valueText(value);
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
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
