/** The path of a request, as Hono matches it. */

/** A URL whose path its parser would leave as it is: nothing to decode, no dot segments, and a path after the authority. */
const PLAIN_URL = /^https?:\/\/[^/?#\\]+(\/[\w/-]*)(?:\?|$)/;

/**
 * The raw path of a URL, so that an identifier is decoded once and by us. Doubled slashes at its start count as one,
 * since some SDKs send them. Most URLs need no parser.
 */
export function pathOf(url: string): string {
  const path = PLAIN_URL.exec(url)?.[1] ?? new URL(url).pathname;
  return path.startsWith("//") ? path.replace(/^\/{2,}/, "/") : path;
}
