/** What a key may do, in words. Pure. */
import { formatPlural, formatRate, formatTime } from "../format.ts";
import type { KeyRecord, Scope } from "../shapes.ts";

/** In the order of the form. */
export const SCOPE_WORDS: readonly (readonly [scope: Scope, words: string])[] = [
  ["organizations:read", "Read organizations, from the cache"],
  ["organizations:metrics", "Read how many members an organization has"],
  ["organizations:connected_apps", "Read an organization's connected apps"],
  ["members:read", "Read a member of an organization, by ID or e-mail address"],
  ["members:dangerously_get", "Read any member by ID, of whatever organization"],
  ["members:include_deleted", "Read deleted members as well"],
  ["rbac:read", "Read the roles of the project and of organizations"],
  ["cache:refresh", "Go past the cache, and ask Stytch each time"],
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

export const expiryWords = (expiresAt: string | null) =>
  expiresAt === null ? "Never" : formatTime(expiresAt);

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
