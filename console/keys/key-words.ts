/** What a key may do, in words. Pure. */
import { formatPlural, formatRate } from "../format.ts";
import type { KeyRecord, Scope } from "../shapes.ts";

export interface ScopeChoice<Name extends string> {
  readonly scope: Name;
  /** What it allows. */
  readonly words: string;
}

/** In the order of the API. */
export const KEY_SCOPES: readonly ScopeChoice<Scope>[] = [
  { scope: "organizations:read", words: "Read organizations, from the cache" },
  { scope: "organizations:metrics", words: "Read how many members an organization has" },
  { scope: "organizations:connected_apps", words: "Read an organization's connected apps" },
  { scope: "members:read", words: "Read a member of an organization, by ID or e-mail address" },
  { scope: "members:dangerously_get", words: "Read any member by ID, of whatever organization" },
  { scope: "members:include_deleted", words: "Read deleted members as well" },
  { scope: "rbac:read", words: "Read the roles of the project and of organizations" },
  { scope: "cache:refresh", words: "Go past the cache, and ask Stytch each time" },
];

export const REGION_WORDS: Readonly<Record<string, string>> = {
  wnam: "Western North America",
  enam: "Eastern North America",
  sam: "South America",
  weur: "Western Europe",
  eeur: "Eastern Europe",
  apac: "Asia-Pacific",
  oc: "Oceania",
  afr: "Africa",
  me: "Middle East",
};

export const regionWords = (region: string | null) =>
  region === null ? "Where it is first used" : (REGION_WORDS[region] ?? region);

export const limitWords = (limit: KeyRecord["rate_limit"]) =>
  limit === null ? "No limit" : formatRate(limit);

/** Which fields of an object a key sees. `paths`: null for all. */
export function fieldWords(paths: readonly string[] | null | undefined): string {
  if (paths === null || paths === undefined) return "All";
  return paths.length === 0 ? "None" : paths.join(", ");
}

/** The restrictions of a key, each in a few words; none for one that may use its scopes freely. */
export function restrictionsOf(record: KeyRecord): string[] {
  const { organization_ids, fields, rate_limit, allowed_ips } = record;
  return [
    rate_limit === null ? "" : formatRate(rate_limit),
    organization_ids === null ? "" : formatPlural(organization_ids.length, "organization"),
    fields === null ? "" : "some fields",
    allowed_ips === null ? "" : formatPlural(allowed_ips.length, "address range"),
  ].filter((text) => text !== "");
}
