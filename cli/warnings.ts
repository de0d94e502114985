/** What is allowed, and most likely a mistake: scopes and fields that have no effect. */
import type { KeyRecord, SessionPolicy } from "./client.ts";

/** Scopes that open nothing, each with the scope that it adds to. */
const ADDITIONS: Readonly<Record<string, string>> = {
  "cache:refresh": "organizations:read",
  "members:include_deleted": "members:dangerously_get",
};
/** Scopes of reads that go through the cache, so that `cache:refresh` adds to each of them. */
const CACHED = ["organizations:read", "organizations:metrics", "organizations:connected_apps", "rbac:read"];

export function policyWarnings({ scopes, fields }: KeyRecord): readonly string[] {
  const useless = scopes.flatMap((scope) => {
    const base = Object.hasOwn(ADDITIONS, scope) ? ADDITIONS[scope] : undefined;
    const isUseful = scope === "cache:refresh" && scopes.some((other) => CACHED.includes(other));
    return base === undefined || isUseful || scopes.includes(base)
      ? []
      : [`The scope ${scope} opens nothing without ${base}.`];
  });
  const readsMembers = scopes.some(
    (scope) => scope.startsWith("members:") && !Object.hasOwn(ADDITIONS, scope),
  );
  return [
    ...useless,
    ...(fields?.member && !readsMembers
      ? ["The fields of member have no effect without members:read or members:dangerously_get."]
      : []),
  ];
}

export function sessionPolicyWarnings({ scopes, fields }: SessionPolicy): readonly string[] {
  return fields?.member && !scopes.includes("members:read")
    ? ["The fields of member have no effect without members:read."]
    : [];
}
