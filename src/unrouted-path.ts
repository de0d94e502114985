/** What the log may hold of a path that no route has: its beginning, as far as Postern or Stytch gave it its words. */

/** What follows `/v1/b2b/` in the Stytch API (https://stytch.com/docs/b2b/api), so that a log shows which call came. */
const STYTCH_RESOURCES =
  "discovery idp impersonation magic_links oauth otps passwords rbac recovery_codes scim sessions sso totp";

/** More than any route has. */
const MAX_SEGMENTS = 12;

/** `routePaths`: patterns such as `/admin/keys/:key_id/rotate`; a parameter in them stands for itself alone here. */
export class KnownPaths {
  readonly #known = new Set<string>();

  constructor(routePaths: readonly string[]) {
    const ofStytch = STYTCH_RESOURCES.split(" ").map((resource) => `/v1/b2b/${resource}`);
    for (const path of [...routePaths, ...ofStytch]) {
      const segments = path.split("/").slice(1);
      segments.forEach((_, index) => void this.#known.add(`/${segments.slice(0, index + 1).join("/")}`));
    }
  }

  /**
   * Returns the longest known beginning of `path`, and a star for the rest, which may be anything: an address, a key.
   * `/v1/b2b/sessions/authenticate` becomes `/v1/b2b/sessions/*`.
   */
  cut(path: string): string {
    let known = "";
    for (const segment of path.split("/", MAX_SEGMENTS).slice(1)) {
      const longer = `${known}/${segment}`;
      if (!this.#known.has(longer)) break;
      known = longer;
    }
    return path === known || path === "/" ? path : `${known}/*`;
  }
}
