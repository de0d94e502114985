/** The views, which are in the fragment of the URL: `#overview?hours=24`, `#keys/<id>`. Pure. */

export interface Route {
  /** The first segment, such as `keys`. */
  readonly view: string;
  /** What follows it, such as the ID of a key; null if nothing does. */
  readonly id: string | null;
  readonly query: URLSearchParams;
}

export const HOME = "overview";

/** `hash`: of a Location, with its `#` or without. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", id = ""] = path.split("/", 2);
  return { view: view || HOME, id: decode(id) || null, query: new URLSearchParams(query) };
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** `?name=value&…`; what is absent or empty is left out, and so is a query of nothing. */
export function queryText(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") given.set(name, String(value));
  }
  return given.size === 0 ? "" : `?${given}`;
}

/** The fragment of a view, with its `#`. */
export const routeHash = (view: string, id: string | null = null, query: Query = {}) =>
  `#${view}${id === null ? "" : `/${encodeURIComponent(id)}`}${queryText(query)}`;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
