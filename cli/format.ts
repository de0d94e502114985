/** Formats results for people: tables, key records and the texts around them. */
import {
  type AuditPage,
  IssuedKey,
  KeyRecord,
  type PurgeResult,
  parseResponse,
  type Usage,
} from "./client.ts";
import { printable } from "./errors.ts";

/** A header and one line per row; each column is as wide as its widest cell, with two spaces between columns. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((row) => displayWidth(row[column] ?? ""))));
  return lines
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** One line per name and value; a name whose value is undefined is left out. */
export function card(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const widest = Math.max(...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${pad(name, widest)}  ${printable(value)}`.trimEnd()).join("\n");
}

/** Characters that fill two columns of a terminal (Unicode TR11, approximately); halfwidth forms are excepted. */
const DOUBLE_WIDTH =
  /^(?![\u{ff61}-\u{ffdc}])[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u{3000}-\u{30ff}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}]$/u;
const COMBINING = /^\p{M}$/u;

/** Columns that one character fills in a terminal. */
function columnsOf(character: string): number {
  if (DOUBLE_WIDTH.test(character)) return 2;
  return COMBINING.test(character) ? 0 : 1;
}

const displayWidth = (text: string) => [...text].reduce((sum, character) => sum + columnsOf(character), 0);

const pad = (text: string, width: number) => text + " ".repeat(Math.max(0, width - displayWidth(text)));

/** The text cut to at most `maxWidth` columns, with "…" at the end if anything was cut off. */
export function truncate(text: string, maxWidth: number): string {
  if (displayWidth(text) <= maxWidth) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > maxWidth - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A time in UTC, to the second; text that is no time is returned unchanged. */
export function utcTime(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

const utcDate = (text: string) => utcTime(text).replace(/T.*Z$/, "");

export function recordText(key: KeyRecord): string {
  const { fields } = key;
  return card([
    ["key_id", key.key_id],
    ["name", key.name],
    ["status", key.status],
    ["scopes", key.scopes.join(", ")],
    ["organizations", listText(key.organization_ids)],
    ["fields of organization", fields === null ? "all" : listText(fields?.organization)],
    ["fields of member", fields === null ? "all" : listText(fields?.member)],
    ["rate limit", rateLimitText(key.rate_limit)],
    ["allowed IPs", listText(key.allowed_ips)],
    ["region", key.region === null ? "none" : key.region],
    ["expires", key.expires_at ? utcTime(key.expires_at) : "never"],
    ["created", utcTime(key.created_at)],
    ["updated", utcTime(key.updated_at)],
    ["revoked", key.revoked_at ? utcTime(key.revoked_at) : undefined],
    ["generation", key.generation?.toString()],
    [
      "old key works until",
      key.status === "active" && key.previous_generation_valid_until
        ? utcTime(key.previous_generation_valid_until)
        : undefined,
    ],
  ]);
}

/** Null means no restriction; undefined, that an older Postern did not say. */
const listText = (items: readonly string[] | null | undefined) =>
  items === null ? "all" : items?.join(", ");

/** In the form that `--limit` takes. */
const rateLimitText = (rate: KeyRecord["rate_limit"]) =>
  rate ? `${rate.limit}/${rate.period_seconds}` : rate === null ? "none" : undefined;

/** Names may have 200 characters; one long name must not push the other columns of every row off the screen. */
const MAX_NAME_WIDTH = 24;

export function recordsText(keys: readonly KeyRecord[]): string {
  if (keys.length === 0) return "There are no keys.";
  // Scopes are the longest column, so they come last: a narrow terminal wraps nothing else.
  return table(
    ["KEY ID", "NAME", "STATUS", "EXPIRES", "CREATED", "RATE LIMIT", "SCOPES"],
    keys.map((key) => [
      key.key_id,
      truncate(printable(key.name), MAX_NAME_WIDTH),
      key.status,
      key.expires_at ? utcDate(key.expires_at) : "never",
      utcDate(key.created_at),
      rateLimitText(key.rate_limit) ?? "",
      key.scopes.join(","),
    ]),
  );
}

/** Shows a new key once, with a command to try it. `heading` says in a sentence what happened. */
export function issuedText(origin: string, json: unknown, heading: string): string {
  const { key } = parseResponse(IssuedKey, json);
  const record = KeyRecord.safeParse(json).data;
  const example = exampleCall(record);
  return [
    heading,
    "",
    `  ${key}`,
    "",
    "Save it now: it is not shown again. Its caller uses it as the secret of a Stytch SDK, with",
    `${origin}/ as the base URL.`,
    "",
    example.instruction,
    "",
    `  curl -H "Authorization: Bearer $KEY" "${origin}${example.path}"`,
    ...(record === undefined ? [] : ["", recordText(record)]),
  ].join("\n");
}

interface ExampleCall {
  readonly instruction: string;
  /** As it stands between double quotes in a shell: with `$ORGANIZATION`, say, for what the reader fills in. */
  readonly path: string;
}

/** A call that the scopes of the key allow. */
function exampleCall(record: KeyRecord | undefined): ExampleCall {
  const scopes = record?.scopes ?? [];
  if (scopes.includes("organizations:read")) {
    const bound = record?.organization_ids?.[0];
    const path = "/v1/b2b/organizations";
    return bound === undefined
      ? {
          instruction:
            "To try it, set KEY to the key, and ORGANIZATION to an organization's ID, slug or external ID:",
          path: `${path}/$ORGANIZATION`,
        }
      : { instruction: "To try it, set KEY to the key:", path: `${path}/${encodeURIComponent(bound)}` };
  }
  if (scopes.includes("members:dangerously_get")) {
    return {
      instruction: "To try it, set KEY to the key, and MEMBER to a member's ID:",
      path: "/v1/b2b/organizations/members/dangerously_get/$MEMBER",
    };
  }
  const instruction = "To see what it may do, set KEY to the key:";
  const readsNothing =
    "This key reads nothing: its scopes include neither organizations:read nor members:dangerously_get.";
  return {
    instruction: record === undefined ? instruction : `${readsNothing}\n${instruction}`,
    path: "/whoami",
  };
}

export function usageText({ hours }: Usage, requestedHours: number): string {
  if (hours.length === 0) return `No calls in the last ${requestedHours} hours.`;
  const sum = (count: "requests" | "rate_limited") => hours.reduce((total, hour) => total + hour[count], 0);
  return table(
    ["HOUR", "REQUESTS", "RATE LIMITED"],
    [
      ...hours.map(({ hour, requests, rate_limited }) => [utcTime(hour), `${requests}`, `${rate_limited}`]),
      ["total", `${sum("requests")}`, `${sum("rate_limited")}`],
    ],
  );
}

export function purgedText({ purged }: PurgeResult): string {
  return `Purged ${printable(purged)}. The purge takes effect everywhere within LEASE_SECONDS (default: 5).`;
}

export function auditText({ events }: AuditPage): string {
  if (events.length === 0) return "There are no events.";
  return table(
    ["AT", "ACTION", "KEY ID", "DETAIL"],
    events.map(({ at, action, key_id, detail }) => [utcTime(at), action, key_id ?? "", detailText(detail)]),
  );
}

function detailText(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  return typeof detail === "string" ? detail : JSON.stringify(detail);
}
