/** Until when a bound key is answered 404 without Stytch being asked. */
import { expect, test } from "vitest";
import { ProbeMemory } from "../../../src/cache/object/probe-memory.ts";

const NOW = 1_800_000_000_000;

test("a probe is remembered until its time is over, and not before it was made", () => {
  const probes = new ProbeMemory();
  expect(probes.isRemembered(NOW)).toBe(false);
  probes.remember(NOW + 10_000, 0);
  expect([NOW, NOW + 9_999, NOW + 10_000].map((now) => probes.isRemembered(now))).toEqual([
    true,
    true,
    false,
  ]);
});

test("with CACHE_NEGATIVE_SECONDS=0, a probe is not remembered", () => {
  const probes = new ProbeMemory();
  probes.remember(NOW, 0);
  expect(probes.isRemembered(NOW)).toBe(false);
});

test("a purge ends what was asked before it, and nothing that was asked after it", () => {
  const probes = new ProbeMemory();
  probes.remember(NOW + 10_000, 6);
  probes.observePurge(6);
  expect(probes.isRemembered(NOW)).toBe(true);
  probes.observePurge(7);
  expect(probes.isRemembered(NOW)).toBe(false);
  // Purges may be heard of in any order.
  probes.observePurge(5);
  expect(probes.isRemembered(NOW)).toBe(false);
  probes.remember(NOW + 10_000, 7);
  expect(probes.isRemembered(NOW)).toBe(true);
});

test("a purge that the object listed itself ends no probe, as a missing name has none", () => {
  const probes = new ProbeMemory();
  probes.remember(NOW + 10_000, 6);
  probes.observeOwnPurge({ sequence: 8, previous: 6 });
  probes.observePurge(8);
  expect(probes.isRemembered(NOW)).toBe(true);
  probes.observePurge(9);
  expect(probes.isRemembered(NOW)).toBe(false);
});

test("a purge before the one that the object listed itself ends a probe", () => {
  const probes = new ProbeMemory();
  probes.remember(NOW + 10_000, 6);
  probes.observeOwnPurge({ sequence: 8, previous: 7 });
  expect(probes.isRemembered(NOW)).toBe(false);
});
