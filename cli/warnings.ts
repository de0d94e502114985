/** What is allowed, and most likely a mistake: scopes and fields that have no effect. */
import type { KeyRecord } from "./client.ts";

/** Scopes that open nothing, each with the scope that it adds to. */
const ADDITIONS: Readonly<Record<string, string>> = {
  "cache:refresh": "organizations:read",
  "members:include_deleted": "members:dangerously_get",
};

export function policyWarnings({ scopes, fields }: KeyRecord): readonly string[] {
  const useless = scopes.flatMap((scope) => {
    const base = Object.hasOwn(ADDITIONS, scope) ? ADDITIONS[scope] : undefined;
    return base === undefined || scopes.includes(base)
      ? []
      : [`The scope ${scope} opens nothing without ${base}.`];
  });
  const readsMembers = scopes.some(
    (scope) => scope.startsWith("members:") && !Object.hasOwn(ADDITIONS, scope),
  );
  return [
    ...useless,
    ...(fields?.member && !readsMembers
      ? ["The fields of member have no effect without members:dangerously_get."]
      : []),
  ];
}
