/** `trusted_metadata`: arbitrary JSON of every type, from empty to tens of kilobytes. */

import type { Random } from "./random.ts";
import { FEATURES, REGIONS } from "./seed-words.ts";
import type { Json, JsonObject } from "./shapes.ts";

export function createMetadata(random: Random): JsonObject {
  if (random.chance(0.35)) return {};
  return {
    plan: random.pick(["free", "team", "business", "enterprise"]),
    seats: random.int(1, 5000),
    ...random.maybe(0.5, { region: random.pick(REGIONS) }),
    ...random.maybe(0.4, { features: random.sample(FEATURES, 0, 5) }),
    ...random.maybe(0.3, { billing: createBilling(random) }),
    ...random.maybe(0.2, { 備考: '契約更新 ✅ "quoted" \\ and a\ttab' }),
    ...random.maybe(0.1, { limits: { ratio: 0.1, huge: Number.MAX_SAFE_INTEGER, tiny: 5e-324 } }),
    ...random.maybe(0.1, { "plan.with.dots": { "": "an empty key", organization_id: "not the real one" } }),
  };
}

/** Adds a list of entitlements, as some customers store it here: more than 10 KB. */
export function createLongMetadata(random: Random): JsonObject {
  const entitlements: Json[] = Array.from({ length: random.int(110, 400) }, (_, index) => ({
    entitlement_id: `ent_${random.hex(16)}`,
    feature: random.pick(FEATURES),
    granted_at: random.timestamp("2024-01-01T00:00:00Z", "2026-10-01T00:00:00Z"),
    quota: index % 7 === 0 ? null : random.int(0, 100_000),
  }));
  return { ...createMetadata(random), plan: "enterprise", entitlements };
}

function createBilling(random: Random): JsonObject {
  return {
    account: `cust_${random.hex(14)}`,
    contact: { email: "billing@customer.example", name: random.pick(["Finance", "経理部", "Facturación"]) },
    discount: random.pick<Json>([null, 0.15, { percent: 10, until: "2027-01-01" }]),
    overdue: random.chance(0.1),
  };
}
