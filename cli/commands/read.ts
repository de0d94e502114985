/** The commands that change nothing: list, show, usage, overview, audit. */
import { z } from "zod";
import { type AdminApi, AuditPage, KeyPage, KeyRecord, Overview, parseResponse, Usage } from "../client.ts";
import { CliError } from "../errors.ts";
import { auditText, recordsText, recordText } from "../format.ts";
import { overviewText } from "../overview-format.ts";
import { usageText } from "../usage-format.ts";
import { unusedKeys } from "./unused.ts";

export interface CommandResult {
  /** What the server answered, for `--json`. */
  readonly document: unknown;
  /** The same for people. Throws a `CliError` if the document has an unexpected form. */
  readonly text: () => string;
  /** A remark for people about the result; it goes to stderr. */
  readonly note?: string;
  /** Likely mistakes; they go to stderr, with `--json` too. */
  readonly warnings?: readonly string[];
  /** Why the command has failed although there is a result: it ends with this error. */
  readonly failure?: string;
}

export const keyPath = (keyId: string) => `/admin/keys/${keyId}`;

export const recordResult = (document: unknown): CommandResult => ({
  document,
  text: () => recordText(parseResponse(KeyRecord, document)),
});

/** The largest page that the server gives. */
export const MAX_PAGE_SIZE = 200;

export interface ListOptions {
  readonly limit?: number;
  readonly all?: boolean;
  /** A part of the name or ID. */
  readonly q?: string;
  readonly status?: string;
  /** Only keys whose latest generation was made before this RFC 3339 time. */
  readonly issuedBefore?: string;
  /** Only keys that were not used for so long. */
  readonly unusedDays?: number;
}

/** One page; with `all` or `unusedDays`, every page merged into one document of the same form. */
export async function list(api: AdminApi, options: ListOptions): Promise<CommandResult> {
  const { unusedDays, issuedBefore } = options;
  const all = options.all === true || unusedDays !== undefined;
  const isFiltered = (options.q ?? options.status ?? issuedBefore ?? unusedDays) !== undefined;
  const { first, keys, next } = await readPages(api, { ...options, all });
  const shown = unusedDays === undefined ? keys : await unusedKeys(api, keys, unusedDays);
  return {
    document: { ...first, keys: shown, next_cursor: next },
    text: () =>
      shown.length === 0 && isFiltered
        ? "No key matches."
        : recordsText(parseResponse(z.array(KeyRecord), shown)),
    ...(next === null
      ? {}
      : { note: `There are more keys: --all shows all of them, --limit up to ${MAX_PAGE_SIZE}.` }),
  };
}

async function readPages(api: AdminApi, { limit, all, q, status, issuedBefore, unusedDays }: ListOptions) {
  const pageSize = limit ?? (all ? MAX_PAGE_SIZE : undefined);
  // A key that has ended is unused anyway.
  const listed = status ?? (unusedDays === undefined ? undefined : "active");
  const readPage = async (cursor?: string) => {
    const query = new URLSearchParams({
      ...(pageSize === undefined ? {} : { limit: `${pageSize}` }),
      ...(q === undefined ? {} : { q }),
      ...(listed === undefined ? {} : { status: listed }),
      ...(issuedBefore === undefined ? {} : { issued_before: issuedBefore }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const path = query.size === 0 ? "/admin/keys" : `/admin/keys?${query}`;
    return parseResponse(KeyPage, await api.call("GET", path));
  };
  const first = await readPage();
  const keys = [...first.keys];
  let next = first.next_cursor;
  const seenCursors = new Set<string>();
  while (all && next !== null) {
    if (seenCursors.has(next)) {
      throw new CliError("Postern gave the same next_cursor twice, so the list has no end.");
    }
    seenCursors.add(next);
    const page = await readPage(next);
    keys.push(...page.keys);
    next = page.next_cursor;
  }
  return { first, keys, next };
}

export async function show(api: AdminApi, keyId: string): Promise<CommandResult> {
  return recordResult(await api.call("GET", keyPath(keyId)));
}

export async function usage(api: AdminApi, keyId: string, hours: number): Promise<CommandResult> {
  const document = await api.call("GET", `${keyPath(keyId)}/usage?hours=${hours}`);
  return { document, text: () => usageText(parseResponse(Usage, document), hours) };
}

export async function overview(api: AdminApi, hours: number): Promise<CommandResult> {
  const document = await api.call("GET", `/admin/overview?hours=${hours}`);
  return { document, text: () => overviewText(parseResponse(Overview, document), hours) };
}

export async function audit(api: AdminApi, limit: number | undefined): Promise<CommandResult> {
  const path = limit === undefined ? "/admin/audit" : `/admin/audit?limit=${limit}`;
  const document = await api.call("GET", path);
  const more = AuditPage.safeParse(document).data?.next_cursor;
  return {
    document,
    text: () => auditText(parseResponse(AuditPage, document)),
    ...(more ? { note: `There are more events: --limit shows up to ${MAX_PAGE_SIZE}.` } : {}),
  };
}
