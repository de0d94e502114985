import { expect, test } from "vitest";
import { DEMO_CALLERS } from "../../dev/demo-callers.ts";
import { createDemoPlan, DEMO_SECONDS } from "../../dev/demo-plan.ts";
import { KeyCreation } from "../../src/keys/policy.ts";
import { SCOPES } from "../../src/keys/record.ts";

const plan = createDemoPlan();

test("the demo is the same at each start, and another with another seed", () => {
  expect(createDemoPlan()).toEqual(plan);
  expect(createDemoPlan(1)).not.toEqual(plan);
});

test("the demo ends within a minute, and its steps are in their order", () => {
  const moments = plan.map(({ atMs }) => atMs);
  expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  expect(moments.at(-1)).toBeLessThanOrEqual(DEMO_SECONDS * 1_000);
  expect(plan.length).toBeGreaterThan(800);
});

test("every key of the demo is one that the admin API takes, with a name of its own", () => {
  for (const { name, policy } of DEMO_CALLERS)
    expect(KeyCreation.safeParse({ name, ...policy("2027-01-01T00:00:00Z") }).error).toBe(undefined);
  expect(new Set(DEMO_CALLERS.map(({ name }) => name)).size).toBe(DEMO_CALLERS.length);
  const used = new Set(
    DEMO_CALLERS.flatMap(
      ({ policy }) => KeyCreation.parse({ name: "-", ...policy("2027-01-01T00:00:00Z") }).scopes,
    ),
  );
  expect(SCOPES.filter((scope) => !used.has(scope))).toEqual(["members:include_deleted"]);
});

test("the contractor's key goes on calling after it is revoked", () => {
  const revokedAt = plan.find((step) => step.kind === "event" && step.event === "revoke")?.atMs ?? Infinity;
  const later = plan.filter(
    ({ atMs, ...step }) =>
      step.kind === "read" && step.caller.startsWith("Contractor") && atMs > revokedAt + 5_000,
  );
  expect(later.length).toBeGreaterThan(10);
});

test("one key is refused more often than all others, by its limit", () => {
  const reads = plan.filter((step) => step.kind === "read" && step.caller === "Nightly CRM export");
  // The bucket of 30 refills in a minute.
  expect(reads.length - 30 - 30).toBeGreaterThan(50);
});
