/** What people read of an answer. */
import type { z } from "zod";
import { type AuditPage, Issued, KeyRecord, type Purged, type Usage, understand } from "./answers.ts";
import { printable } from "./errors.ts";
import { card, iso, table } from "./format.ts";

export function recordText(key: KeyRecord): string {
  const { fields } = key;
  return card([
    ["key_id", key.key_id],
    ["name", key.name],
    ["status", key.status],
    ["scopes", key.scopes.join(", ")],
    ["organizations", listed(key.organization_ids, "all")],
    ["fields of organization", fields === null ? "all" : listed(fields?.organization, "all")],
    ["fields of member", fields === null ? "all" : listed(fields?.member, "all")],
    ["rate limit", limited(key.rate_limit)],
    ["allowed IPs", listed(key.allowed_ips, "all")],
    ["region", key.region === null ? "none" : key.region],
    ["expires", key.expires_at ? iso(key.expires_at) : "never"],
    ["created", iso(key.created_at)],
    ["updated", iso(key.updated_at)],
    ["revoked", key.revoked_at ? iso(key.revoked_at) : undefined],
    ["generation", key.generation?.toString()],
    [
      "old key works until",
      key.status === "active" && key.previous_generation_valid_until
        ? iso(key.previous_generation_valid_until)
        : undefined,
    ],
  ]);
}

export function recordsText(keys: readonly KeyRecord[]): string {
  if (keys.length === 0) return "There are no keys.";
  return table(
    ["KEY ID", "NAME", "STATUS", "SCOPES", "RATE LIMIT", "EXPIRES", "CREATED"],
    keys.map((key) => [
      key.key_id,
      key.name,
      key.status,
      key.scopes.join(","),
      limited(key.rate_limit) ?? "",
      key.expires_at ? iso(key.expires_at) : "never",
      iso(key.created_at),
    ]),
  );
}

/** The key, once, and what to do with it. `first`: what happened, in a sentence. */
export function issuedText(origin: string, json: unknown, first: string): string {
  const { key } = understand(Issued, json);
  const record = KeyRecord.safeParse(json).data;
  return [
    first,
    "",
    `  ${key}`,
    "",
    "Keep it now: it is not shown again. Give it to the caller as the secret of its Stytch SDK, with",
    `${origin}/ as the base URL. To try it, with the key in $KEY:`,
    "",
    `  curl -H "Authorization: Bearer $KEY" "${origin}${examplePath(record)}"`,
    ...(record === undefined ? [] : ["", recordText(record)]),
  ].join("\n");
}

function examplePath(record: KeyRecord | undefined): string {
  if (record !== undefined && !record.scopes.includes("organizations:read")) {
    return "/v1/b2b/organizations/members/dangerously_get/<member_id>";
  }
  const own = record?.organization_ids?.[0];
  const name = own === undefined ? "<ID, slug or external ID>" : encodeURIComponent(own);
  return `/v1/b2b/organizations/${name}`;
}

export function usageText({ hours }: z.output<typeof Usage>, asked: number): string {
  if (hours.length === 0) return `No calls in the last ${asked} hours.`;
  const sum = (of: "requests" | "rate_limited") => hours.reduce((total, hour) => total + hour[of], 0);
  return table(
    ["HOUR", "REQUESTS", "RATE LIMITED"],
    [
      ...hours.map(({ hour, requests, rate_limited }) => [iso(hour), `${requests}`, `${rate_limited}`]),
      ["total", `${sum("requests")}`, `${sum("rate_limited")}`],
    ],
  );
}

export function purgedText({ purged }: z.output<typeof Purged>): string {
  return `Purged ${printable(purged)}: in force everywhere within LEASE_SECONDS (5 unless configured).`;
}

export function auditText({ events }: z.output<typeof AuditPage>): string {
  if (events.length === 0) return "There are no events.";
  return table(
    ["AT", "ACTION", "KEY ID", "DETAIL"],
    events.map(({ at, action, key_id, detail }) => [iso(at), action, key_id ?? "", detailText(detail)]),
  );
}

function detailText(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  return typeof detail === "string" ? detail : JSON.stringify(detail);
}

/** As the options take it. */
const limited = (rate: KeyRecord["rate_limit"]) =>
  rate ? `${rate.limit}/${rate.period_seconds}` : rate === null ? "none" : undefined;

const listed = (items: readonly string[] | null | undefined, none: string) =>
  items === null ? none : items?.join(", ");
