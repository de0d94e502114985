import { expect, test } from "vitest";
import { isRemembered, jwksFreshness, jwksMaxAge } from "../../src/jwks/jwks-set.ts";
import { NOW } from "../support/clock.ts";
import { createConfig } from "../support/config.ts";

const SET = { receivedAt: NOW, body: new Uint8Array() };
const freshnessAt = (ms: number, vars: Record<string, string> = {}) =>
  jwksFreshness(SET, NOW + ms, createConfig(vars).cache);

test("a set is fresh for 15 minutes, whatever the freshness of organizations", () => {
  for (const vars of [{}, { CACHE_FRESH_SECONDS: "1", CACHE_STALE_SECONDS: "0" }]) {
    expect(freshnessAt(899_999, vars)).toBe("fresh");
    expect(freshnessAt(900_000, vars)).toBe("stale_if_error");
  }
});

test.each([
  ["3600", 4_500_000],
  ["1", 901_000],
])("with CACHE_STALE_IF_ERROR_SECONDS=%s, a set expires %i ms after Stytch sent it", (seconds, ms) => {
  expect(freshnessAt(ms - 1, { CACHE_STALE_IF_ERROR_SECONDS: seconds })).toBe("stale_if_error");
  expect(freshnessAt(ms, { CACHE_STALE_IF_ERROR_SECONDS: seconds })).toBe("expired");
});

test("with CACHE_STALE_IF_ERROR_SECONDS=0, a set expires when it is no longer fresh", () => {
  expect(freshnessAt(900_000, { CACHE_STALE_IF_ERROR_SECONDS: "0" })).toBe("expired");
});

test("a set from over a minute in the future is expired: its age is unknown", () => {
  expect(freshnessAt(-60_000)).toBe("fresh");
  expect(freshnessAt(-60_001)).toBe("expired");
});

test.each([
  [0, 900],
  [1, 899],
  [898_000, 2],
  [898_001, 1],
  [899_001, 1],
  [899_999, 1],
  [900_000, 1],
  [4_499_000, 1],
  [-5_000, 900],
])("the max-age of a set that is %i ms old is %i: never 0, never over 900", (ms, expected) => {
  expect(jwksMaxAge(SET, NOW + ms)).toBe(expected);
});

test("a failure is remembered for a second, and not if the clock was set back", () => {
  const failure = { at: NOW, failure: { type: "upstream_timeout" }, part: "upstream" } as const;
  const times = [-1, 0, 999, 1_000];
  expect(times.map((ms) => isRemembered(failure, NOW + ms))).toEqual([false, true, true, false]);
});
