/** What each command that ends no key does with the admin API, and what comes of it. */
import { z } from "zod";
import { AuditPage, KeyPage, KeyRecord, Purged, Usage, understand } from "./answers.ts";
import { type CreateOptions, creationBody, dependsOnFields, type EditOptions, editBody } from "./bodies.ts";
import type { AdminApi } from "./client.ts";
import { Stop } from "./errors.ts";
import { auditText, issuedText, purgedText, recordsText, recordText, usageText } from "./texts.ts";

export interface Result {
  /** For programs: what the server answered. */
  readonly document: unknown;
  /** For people. */
  readonly text: () => string;
  /** Something to know beside the result. */
  readonly note?: string;
}

export const keyPath = (keyId: string) => `/admin/keys/${keyId}`;

export const recordResult = (document: unknown): Result => ({
  document,
  text: () => recordText(understand(KeyRecord, document)),
});

export async function create(api: AdminApi, options: CreateOptions): Promise<Result> {
  const document = await api.call("POST", "/admin/keys", creationBody(options));
  return { document, text: () => issuedText(api.origin, document, "The key:") };
}

export async function show(api: AdminApi, keyId: string): Promise<Result> {
  return recordResult(await api.call("GET", keyPath(keyId)));
}

export async function edit(api: AdminApi, keyId: string, options: EditOptions): Promise<Result> {
  // Before anything is sent: an edit of nothing is wrong usage.
  const body = editBody(options, null);
  if (!dependsOnFields(options)) return recordResult(await api.call("PATCH", keyPath(keyId), body));
  const { fields } = understand(KeyRecord, await api.call("GET", keyPath(keyId)));
  return recordResult(await api.call("PATCH", keyPath(keyId), editBody(options, fields ?? null)));
}

/** The server's most. */
const PAGE = 200;

/** One page; or all of them, as one document of the same form. */
export async function list(
  api: AdminApi,
  { limit, all }: { readonly limit?: number; readonly all?: boolean },
): Promise<Result> {
  const size = limit ?? (all ? PAGE : undefined);
  const read = async (cursor?: string) => {
    const query = new URLSearchParams({
      ...(size === undefined ? {} : { limit: `${size}` }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return understand(
      KeyPage,
      await api.call("GET", query.size === 0 ? "/admin/keys" : `/admin/keys?${query}`),
    );
  };
  const first = await read();
  const keys = [...first.keys];
  let next = first.next_cursor;
  const seen = new Set<string>();
  while (all && next !== null) {
    if (seen.has(next)) throw new Stop("Postern gave the same next_cursor twice: the list has no end.");
    seen.add(next);
    const page = await read(next);
    keys.push(...page.keys);
    next = page.next_cursor;
  }
  const document = { ...first, keys, next_cursor: next };
  return {
    document,
    text: () => recordsText(understand(z.array(KeyRecord), keys)),
    ...(next === null
      ? {}
      : { note: `There are more keys: --all shows all of them, --limit up to ${PAGE}.` }),
  };
}

export async function usage(api: AdminApi, keyId: string, hours: number): Promise<Result> {
  const document = await api.call("GET", `${keyPath(keyId)}/usage?hours=${hours}`);
  return { document, text: () => usageText(understand(Usage, document), hours) };
}

export async function purge(api: AdminApi, organization: string): Promise<Result> {
  const body = { organization_id: organization };
  const document = await api.call("POST", "/admin/cache/purge", body, " To repeat it does no harm.");
  return { document, text: () => purgedText(understand(Purged, document)) };
}

export async function audit(api: AdminApi, limit: number | undefined): Promise<Result> {
  const document = await api.call(
    "GET",
    limit === undefined ? "/admin/audit" : `/admin/audit?limit=${limit}`,
  );
  const more = AuditPage.safeParse(document).data?.next_cursor;
  return {
    document,
    text: () => auditText(understand(AuditPage, document)),
    ...(more ? { note: `There are more events: --limit shows up to ${PAGE}.` } : {}),
  };
}
