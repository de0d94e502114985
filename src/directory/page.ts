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

/**
 * `condition` and `values` go into the query; `isItem` decides on what is found. Reads the rows one by one, up to the
 * first beyond the page, which tells whether there is a next one.
 */
export function readPage<T>(
  sql: SqlStorage,
  table: "keys" | "events",
  limit: number,
  after: Cursor | null,
  condition: string,
  values: readonly string[],
  isItem: (item: T) => boolean = () => true,
): Page<T> {
  const rows = sql.exec<{ id: string; at: string; item: string }>(
    `SELECT id, at, item FROM ${table} WHERE (at, id) < (?, ?) ${condition} ORDER BY at DESC, id DESC`,
    after?.at ?? "\u{10FFFF}",
    after?.id ?? "",
    ...values,
  );
  const items: T[] = [];
  let last: Cursor | null = null;
  for (const { id, at, item: text } of rows) {
    const item = JSON.parse(text) as T;
    if (!isItem(item)) continue;
    if (items.length === limit) return { items, next: last };
    items.push(item);
    last = { at, id };
  }
  return { items, next: null };
}
