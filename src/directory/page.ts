/** Pages of the Directory's lists, newest first. */

/** The place in a list after which a page begins: that of the last item of the page before. */
export interface Cursor {
  /** RFC 3339. */
  readonly at: string;
  readonly id: string;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: Cursor | null;
}

/** Reads one row more than it returns, to tell whether there is a next page. */
export function readPage<T>(
  sql: SqlStorage,
  table: "keys" | "events",
  limit: number,
  after: Cursor | null,
  condition: string,
  values: readonly string[],
): Page<T> {
  const rows = sql
    .exec<{ id: string; at: string; item: string }>(
      `SELECT id, at, item FROM ${table} WHERE (at, id) < (?, ?) ${condition} ORDER BY at DESC, id DESC LIMIT ?`,
      after?.at ?? "\u{10FFFF}",
      after?.id ?? "",
      ...values,
      limit + 1,
    )
    .toArray();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ item }) => JSON.parse(item) as T),
    next: rows.length > limit && last !== undefined ? { at: last.at, id: last.id } : null,
  };
}
