/** The commands that change nothing: list, show, usage, audit. */
import { z } from "zod";
import { type AdminApi, AuditPage, KeyPage, KeyRecord, parseResponse, Usage } from "../client.ts";
import { CliError } from "../errors.ts";
import { auditText, recordsText, recordText, usageText } from "../format.ts";

export interface CommandResult {
  /** What the server answered, for `--json`. */
  readonly document: unknown;
  /** The same for people. Throws a `CliError` if the document has an unexpected form. */
  readonly text: () => string;
  /** A remark for people about the result; it goes to stderr. */
  readonly note?: string;
  /** Likely mistakes; they go to stderr, with `--json` too. */
  readonly warnings?: readonly string[];
}

export const keyPath = (keyId: string) => `/admin/keys/${keyId}`;

export const recordResult = (document: unknown): CommandResult => ({
  document,
  text: () => recordText(parseResponse(KeyRecord, document)),
});

/** The largest page that the server gives. */
const MAX_PAGE_SIZE = 200;

/** One page; with `all`, every page merged into one document of the same form. */
export async function list(
  api: AdminApi,
  { limit, all }: { readonly limit?: number; readonly all?: boolean },
): Promise<CommandResult> {
  const pageSize = limit ?? (all ? MAX_PAGE_SIZE : undefined);
  const readPage = async (cursor?: string) => {
    const query = new URLSearchParams({
      ...(pageSize === undefined ? {} : { limit: `${pageSize}` }),
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
  return {
    document: { ...first, keys, next_cursor: next },
    text: () => recordsText(parseResponse(z.array(KeyRecord), keys)),
    ...(next === null
      ? {}
      : { note: `There are more keys: --all shows all of them, --limit up to ${MAX_PAGE_SIZE}.` }),
  };
}

export async function show(api: AdminApi, keyId: string): Promise<CommandResult> {
  return recordResult(await api.call("GET", keyPath(keyId)));
}

export async function usage(api: AdminApi, keyId: string, hours: number): Promise<CommandResult> {
  const document = await api.call("GET", `${keyPath(keyId)}/usage?hours=${hours}`);
  return { document, text: () => usageText(parseResponse(Usage, document), hours) };
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
