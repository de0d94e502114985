/** Who calls in the demo of `npm start -- --demo`: keys as a project might have them, and what each of them reads. */

import type { Random } from "../sandbox/random.ts";
import { getMembers, organizations } from "../sandbox/seed.ts";

const members = getMembers();

export interface DemoCaller {
  /** The name of its key. */
  readonly name: string;
  readonly callsPerSecond: number;
  /** The seconds of the demo between which it calls. */
  readonly active: readonly [from: number, until: number];
  /** What its key may do, as `POST /admin/keys` takes it. `endsAt`: RFC 3339, for a key that expires during the demo. */
  policy(endsAt: string): Readonly<Record<string, unknown>>;
  path(random: Random): string;
}

const ORGANIZATIONS = "/v1/b2b/organizations";
const organizationPath = (name: string) => `${ORGANIZATIONS}/${encodeURIComponent(name)}`;

/** Few organizations get most of the calls, as in life: the number grows with the cube of the fraction. */
const POPULAR = organizations.slice(0, 80);

function popularOrganization(random: Random) {
  const index = Math.floor(random.fraction() ** 3 * POPULAR.length);
  return POPULAR[index] ?? organizations[0];
}

const bySlug = (random: Random) => organizationPath(String(popularOrganization(random)?.organization_slug));
const byId = (random: Random) => organizationPath(String(popularOrganization(random)?.organization_id));

/** Slugs that somebody mistyped, or that are gone. */
const WRONG_SLUGS = ["acme-inc", "northwind-old", "globex", "test-org-2"] as const;

/** What the partner may read, and what belongs to others. */
const PARTNER_IDS = organizations.slice(0, 3).map((organization) => organization.organization_id);

const ACTIVE_MEMBERS = members.filter(({ status }) => status === "active").slice(0, 60);

function memberPath(random: Random): string {
  const member = ACTIVE_MEMBERS[random.int(0, ACTIVE_MEMBERS.length - 1)];
  return `${ORGANIZATIONS}/members/dangerously_get/${member?.member_id}`;
}

function insightsPath(random: Random): string {
  // Somebody forgot that this key may not read members.
  if (random.chance(0.06)) return memberPath(random);
  if (random.chance(0.15)) return "/v1/b2b/rbac/policy";
  return `${bySlug(random)}/${random.pick(["metrics", "metrics", "connected_apps"])}`;
}

const unlimited = { scopes: ["organizations:read"] };

export const DEMO_CALLERS: readonly DemoCaller[] = [
  {
    name: "Storefront",
    callsPerSecond: 6,
    active: [0, 60],
    policy: () => ({
      ...unlimited,
      fields: {
        organization: ["organization_id", "organization_name", "organization_slug", "organization_logo_url"],
        member: [],
      },
      rate_limit: { limit: 3_000, period_seconds: 60 },
    }),
    path: (random) => (random.chance(0.03) ? organizationPath(random.pick(WRONG_SLUGS)) : bySlug(random)),
  },
  {
    name: "Mobile app",
    callsPerSecond: 5,
    active: [0, 60],
    policy: () => ({ ...unlimited, rate_limit: { limit: 1_200, period_seconds: 60 }, region: "weur" }),
    path: byId,
  },
  {
    name: "Acme partner",
    callsPerSecond: 1.2,
    active: [0, 60],
    policy: () => ({
      scopes: ["organizations:read", "organizations:metrics"],
      organization_ids: PARTNER_IDS,
      rate_limit: { limit: 600, period_seconds: 60 },
    }),
    path: (random) =>
      random.chance(0.12) ? byId(random) : organizationPath(String(PARTNER_IDS[random.int(0, 2)])),
  },
  {
    name: "Support desk",
    callsPerSecond: 1,
    active: [4, 60],
    policy: () => ({ scopes: ["organizations:read", "members:read", "members:dangerously_get"] }),
    path: (random) => (random.chance(0.7) ? memberPath(random) : bySlug(random)),
  },
  {
    // It asks for more than its limit: most of its calls are refused.
    name: "Nightly CRM export",
    callsPerSecond: 3.5,
    active: [10, 50],
    policy: () => ({ ...unlimited, rate_limit: { limit: 30, period_seconds: 60 } }),
    path: (random) => organizationPath(String(random.pick(["acme", ...PARTNER_IDS]))),
  },
  {
    name: "Insights dashboard",
    callsPerSecond: 0.9,
    active: [6, 60],
    policy: () => ({ scopes: ["organizations:metrics", "organizations:connected_apps", "rbac:read"] }),
    path: insightsPath,
  },
  {
    name: "Cache warmer",
    callsPerSecond: 0.25,
    active: [0, 60],
    policy: () => ({ scopes: ["organizations:read", "cache:refresh"] }),
    path: byId,
  },
  {
    // It does not call from there.
    name: "Office network",
    callsPerSecond: 0.15,
    active: [8, 60],
    policy: () => ({ ...unlimited, allowed_ips: ["203.0.113.0/24", "2001:db8::/32"] }),
    path: bySlug,
  },
  {
    name: "Contractor (laptop)",
    callsPerSecond: 0.5,
    active: [0, 60],
    policy: () => unlimited,
    path: bySlug,
  },
  {
    name: "Trial: Northwind",
    callsPerSecond: 0.4,
    active: [0, 45],
    policy: (endsAt) => ({ ...unlimited, rate_limit: { limit: 60, period_seconds: 60 }, expires_at: endsAt }),
    path: bySlug,
  },
];

/** Members whose sessions read their own organization. */
export const DEMO_MEMBERS = ACTIVE_MEMBERS.slice(0, 4);
