/** A mix of requests of every kind, and the metrics that have to come of it. */
import { expect, vi } from "vitest";
import { getMembers, organizations } from "../../sandbox/seed.ts";
import type { Samples } from "../support/metrics.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import type { ClockedPostern } from "./postern.ts";

const members = getMembers();

/** For as long as a busy machine may take to do what is done behind an answer. */
export const WAIT = { timeout: 10_000 };

const ORGANIZATION = "/v1/b2b/organizations/{organization_id}";
const MEMBER = "/v1/b2b/organizations/members/dangerously_get/{member_id}";

const requests = (route: string, status: number, type = "") =>
  `postern_http_requests_total{route="${route}",status="${status}",error_type="${type}"}`;
const lookups = (resource: string, result: string) =>
  `postern_cache_lookups_total{resource="${resource}",result="${result}"}`;
const upstream = (operation: string, outcome: string) =>
  `postern_upstream_requests_total{operation="${operation}",outcome="${outcome}"}`;
const refused = (reason: string) => `postern_failed_authentications_total{reason="${reason}"}`;

/**
 * Drives requests one after the other. The cache of this Postern has to be fresh for 2 s, stale for 600 s more, and to
 * keep 404s longer than the mix takes. Nothing of it may have been read before. `scrape` returns Postern's metrics, which
 * none of these requests changes.
 */
export async function driveMix(postern: ClockedPostern, scrape: () => Promise<Samples>): Promise<void> {
  const call = async (path: string, key: string | null, status: number) => {
    const headers = key === null ? {} : { Authorization: `Bearer ${key}` };
    const response = await fetch(postern.url + path, { headers });
    await response.arrayBuffer();
    if (response.status !== status) throw new Error(`${path}: expected ${status}, got ${response.status}`);
  };
  const [first, second, cold] = [300, 301, 302].map((index) =>
    organizationPath(String(organizations[index]?.organization_id)),
  ) as [string, string, string];
  const key = await postern.createKey(["organizations:read", "members:dangerously_get"]);
  const limited = await postern.createKey(["organizations:read"], {
    rate_limit: { limit: 3, period_seconds: 3_600 },
  });
  const unfit = await postern.createKey(["organizations:read"]);
  // Misses, hits in memory, a read of a member, 404s, and refusals.
  for (const path of [first, second, first, first, second]) await call(path, key, 200);
  const member = memberPath(String(members.find(({ status }) => status === "active")?.member_id));
  await call(member, key, 200);
  for (let i = 0; i < 3; i += 1) await call(organizationPath("no-such-organization"), key, 404);
  for (const status of [200, 200, 200, 429, 429]) await call(first, limited, status);
  await call(member, unfit, 403);
  for (let i = 0; i < 4; i += 1) await call(first, `pst_test_0123456789abcdef_${"0".repeat(52)}`, 401);
  await call(first, null, 401);
  await call("/v1/b2b/nowhere", key, 404);
  // A stale answer, and the refresh behind it.
  await postern.advance(3_000);
  await call(first, key, 200);
  // Otherwise the refresh may end only after the clock has moved again, with an entry that is fresh.
  await vi.waitFor(async () => expect((await scrape())[upstream("organization", "ok")]).toBe(3), WAIT);
  // Stytch fails: an older answer hides that, or nothing does.
  await postern.control("POST", "faults", { kind: "status", status: 500 });
  await postern.advance(700_000);
  await call(first, key, 200);
  await call(cold, key, 503);
  await postern.control("DELETE", "faults");
}

/** What the mix adds, but for the creation of keys and how long calls took. */
export const MIX_COUNTS = {
  [requests(ORGANIZATION, 200)]: 10,
  [requests(ORGANIZATION, 401, "invalid_key")]: 4,
  [requests(ORGANIZATION, 401, "missing_key")]: 1,
  [requests(ORGANIZATION, 404, "organization_not_found")]: 3,
  [requests(ORGANIZATION, 429, "too_many_requests")]: 2,
  [requests(ORGANIZATION, 503, "upstream_unavailable")]: 1,
  [requests(MEMBER, 200)]: 1,
  [requests(MEMBER, 403, "insufficient_scope")]: 1,
  [requests("unmatched", 404, "route_not_found")]: 1,
  [lookups("organization", "miss")]: 4,
  [lookups("organization", "memory")]: 6,
  [lookups("organization", "negative")]: 2,
  [lookups("organization", "stale")]: 1,
  [lookups("organization", "stale_if_error")]: 1,
  [lookups("member", "bypass")]: 1,
  [upstream("organization", "ok")]: 3,
  [upstream("organization", "not_found")]: 1,
  [upstream("organization", "unavailable")]: 2,
  [upstream("member", "ok")]: 1,
  postern_upstream_request_duration_seconds_count: 7,
  postern_rate_limited_total: 2,
  [refused("invalid_key")]: 4,
  [refused("missing_key")]: 1,
  'postern_degraded_total{part="upstream"}': 1,
};

/** What the overview has of the mix alone. */
export const MIX_OVERVIEW = {
  status: "degraded",
  degraded: ["upstream"],
  totals: {
    requests: 24,
    hits: 6,
    stale: 2,
    misses: 3,
    denied: 6,
    not_found: 4,
    rate_limited: 2,
    errors: 1,
    upstream_requests: 7,
  },
  hit_ratio: 0.6429,
  top_keys: [
    { requests: 12, rate_limited: 0 },
    { requests: 3, rate_limited: 2 },
    { requests: 1, rate_limited: 0 },
  ],
};
