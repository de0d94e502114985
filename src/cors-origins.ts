/** The origins that `CORS_ORIGINS` lists: exact ones, those with `*` for one label of the host, and `*` for all. */

/** One label of a host as browsers send it: in lower case, and Unicode as punycode (`xn--…`). */
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** Between the scheme and the rest of an origin that stands for several. */
const WILDCARD = "://*.";

/** The origin of a page, in the one form that browsers send: so without a path, a default port, or capitals. */
function isPageOrigin(value: string): boolean {
  return /^https?:/.test(value) && !value.includes("*") && URL.parse(value)?.origin === value;
}

/**
 * True for `*`, an origin, or an origin whose host begins with `*.`. Two labels have to follow, so that nobody allows a
 * whole top-level domain by mistake; `localhost` is not one.
 */
export function isOriginPattern(value: string): boolean {
  if (value === "*" || isPageOrigin(value)) return true;
  const wildcardAt = value.indexOf(WILDCARD);
  if (wildcardAt < 0) return false;
  const domain = value.slice(wildcardAt + WILDCARD.length);
  return isPageOrigin(value.replace("*", "label")) && /^(?:[^.]+\.[^.]|localhost(?::|$))/.test(domain);
}

/** Built once per configuration. `patterns` satisfy `isOriginPattern`. */
export class AllowedOrigins {
  readonly includesAll: boolean;
  readonly #exact: ReadonlySet<string>;
  /** What stands before and after the label. */
  readonly #wildcards: ReadonlyArray<readonly [prefix: string, suffix: string]>;

  constructor(patterns: readonly string[]) {
    const [wildcards, exact] = [true, false].map((isWildcard) =>
      patterns.filter((pattern) => pattern.includes(WILDCARD) === isWildcard),
    );
    this.includesAll = patterns.includes("*");
    this.#exact = new Set(exact);
    this.#wildcards = (wildcards ?? []).map((pattern) => {
      const [prefix = "", suffix = ""] = pattern.split("*");
      return [prefix, suffix];
    });
  }

  /** `origin`: the value of the header, which may be any text. */
  has(origin: string): boolean {
    return this.includesAll || this.#exact.has(origin) || this.#matchesWildcard(origin);
  }

  #matchesWildcard(origin: string): boolean {
    return this.#wildcards.some(
      ([prefix, suffix]) =>
        origin.startsWith(prefix) &&
        origin.endsWith(suffix) &&
        LABEL.test(origin.slice(prefix.length, -suffix.length)),
    );
  }
}
