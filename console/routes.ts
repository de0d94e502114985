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

/** The fragment of a view, with its `#`. What is null or empty in `query` is left out. */
export function routeHash(
  view: string,
  id: string | null = null,
  query: Readonly<Record<string, string | number | null>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `#${view}${id === null ? "" : `/${encodeURIComponent(id)}`}${text === "" ? "" : `?${text}`}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
