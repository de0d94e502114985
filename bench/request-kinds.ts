/** Counts the operations of each kind of request by itself. */
import {
  activeMembers,
  type Count,
  type CountedWorker,
  memberPath,
  organizationPath,
  timedRequest,
} from "./counted-worker.ts";

/** Between two requests. */
const INTERVAL_MS = 10;

/** Longer than any entry is used, stale ones and those that hide a failure included. */
const ENTRY_LIFE_MS = 2 * 3_600_000;

type Kind =
  | "hit"
  | "hit_limited"
  | "hit_fields"
  | "not_modified"
  | "kv_hit"
  | "first_miss"
  | "miss"
  | "member"
  | "forged"
  | "refused";

/** Counts `requestCount` requests of each kind. Only Postern (`isPostern`) has ETags and a cache in memory. */
export async function countKinds(
  worker: CountedWorker,
  isPostern: boolean,
  requestCount: number,
): Promise<Partial<Record<Kind, Count>>> {
  const counts: Partial<Record<Kind, Count>> = {};
  let ms = 0;
  const scopes = ["organizations:read", "members:dangerously_get"];
  const policy = { name: "bench", scopes, organization_ids: null, rate_limit: null };
  const fields = ["organization_id", "organization_name"];
  const policyFields = isPostern ? { organization: fields, member: null } : fields;
  const key = await worker.createKey({ ...policy, fields: null });
  const wideLimit = { limit: 100_000, period_seconds: 60 };
  const limited = await worker.createKey({ ...policy, fields: null, rate_limit: wideLimit });
  const narrowLimit = { limit: 1, period_seconds: 86_400 };
  const refused = await worker.createKey({ ...policy, fields: null, rate_limit: narrowLimit });
  const forged = key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
  const path = organizationPath(0);

  async function count(
    kind: Kind,
    pathOf: (index: number) => string,
    { apiKey = key, statuses = [200], headers = {}, isolate = 0 } = {},
  ): Promise<void> {
    const requests = Array.from({ length: requestCount }, (_, index) => {
      ms += INTERVAL_MS;
      return timedRequest(ms, apiKey, pathOf(index), headers, isolate);
    });
    await worker.operations();
    await worker.run(requests, statuses);
    counts[kind] = { ...(await worker.operations()), requests: requestCount };
  }

  // A new isolate then finds in KV what the misses have stored.
  await count("first_miss", organizationPath);
  if (isPostern) await count("kv_hit", organizationPath, { isolate: 1 });
  await worker.run([timedRequest(ms, key, path)]);
  await count("hit", () => path);
  await count("hit_limited", () => path, { apiKey: limited });
  await count("hit_fields", () => path, {
    apiKey: await worker.createKey({ ...policy, fields: policyFields }),
  });
  const headers = { "If-None-Match": "*" };
  if (isPostern) await count("not_modified", () => path, { statuses: [304], headers });
  await count("member", () => memberPath(activeMembers[0] ?? 0));
  await count("forged", () => path, { apiKey: forged, statuses: [401, 429] });
  await worker.run([timedRequest(ms, refused, path)]);
  await count("refused", () => path, { apiKey: refused, statuses: [429] });
  // Everything cached has ended, but Postern has known these organizations.
  ms += ENTRY_LIFE_MS;
  await worker.run([timedRequest(ms, key, memberPath(activeMembers[0] ?? 0))]);
  await count("miss", organizationPath);
  return counts;
}
