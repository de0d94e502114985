/** What is allowed, and most likely a mistake: scopes and fields that have no effect. */
import type { KeyRecord, SessionPolicy } from "./client.ts";

/** Scopes that open nothing, each with the scope that it adds to. */
const ADDITIONS: Readonly<Record<string, string>> = {
  "cache:refresh": "a scope of cached reads, such as organizations:read",
  "members:include_deleted": "members:dangerously_get",
};
/** Scopes of reads that go through the cache, so that `cache:refresh` adds to each of them. */
const CACHED = ["organizations:read", "organizations:metrics", "organizations:connected_apps", "rbac:read"];

export function policyWarnings({ scopes, fields }: KeyRecord): readonly string[] {
  const useless = scopes.flatMap((scope) => {
    const base = Object.hasOwn(ADDITIONS, scope) ? ADDITIONS[scope] : undefined;
    const isUseful = scopes.some((other) =>
      scope === "cache:refresh" ? CACHED.includes(other) : other === base,
    );
    return base === undefined || isUseful ? [] : [`The scope ${scope} opens nothing without ${base}.`];
  });
  const readsMembers = scopes.some(
    (scope) => scope.startsWith("members:") && !Object.hasOwn(ADDITIONS, scope),
  );
  const showsOrganizations = readsMembers || scopes.includes("organizations:read");
  return [
    ...useless,
    ...(fields?.organization && !showsOrganizations
      ? [
          "The fields of organization have no effect without organizations:read or a scope that reads members.",
        ]
      : []),
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
