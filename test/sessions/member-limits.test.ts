import { expect, test } from "vitest";
import { MemberLimits } from "../../src/sessions/member-limits.ts";
import { NOW } from "../support/clock.ts";

const TWO = { limit: 2, period_seconds: 60 };

test("each member has a bucket of its own, which refills evenly", () => {
  const limits = new MemberLimits();
  expect(limits.take("a", TWO, NOW)).toEqual({
    granted: true,
    quota: { limit: TWO, remaining: 1, resetSeconds: 30 },
  });
  expect(limits.take("a", TWO, NOW).granted).toBe(true);
  expect(limits.take("a", TWO, NOW)).toEqual({
    granted: false,
    quota: { limit: TWO, remaining: 0, resetSeconds: 30 },
  });
  expect(limits.take("b", TWO, NOW).granted).toBe(true);
  expect(limits.take("a", TWO, NOW + 29_999).granted).toBe(false);
  expect(limits.take("a", TWO, NOW + 30_000).granted).toBe(true);
});

test("a quota takes nothing", () => {
  const limits = new MemberLimits();
  limits.take("a", TWO, NOW);
  for (const _ of [1, 2, 3]) expect(limits.quota("a", TWO, NOW).remaining).toBe(1);
  expect(limits.quota("new", TWO, NOW)).toEqual({ limit: TWO, remaining: 2, resetSeconds: 0 });
  expect(limits.size).toBe(1);
});

test("if the limit changes, the tokens that are left stay, up to the new limit", () => {
  const limits = new MemberLimits();
  limits.take("a", { limit: 10, period_seconds: 60 }, NOW);
  expect(limits.quota("a", { limit: 100, period_seconds: 1 }, NOW).remaining).toBe(9);
  expect(limits.quota("a", TWO, NOW).remaining).toBe(2);
});

test("10,000 members are remembered, and the one that called longest ago begins anew", () => {
  const limits = new MemberLimits();
  const one = { limit: 1, period_seconds: 60 };
  for (let member = 0; member < 10_001; member += 1) limits.take(`member ${member}`, one, NOW);
  expect(limits.size).toBe(10_000);
  expect(limits.take("member 1", one, NOW).granted).toBe(false);
  expect(limits.take("member 0", one, NOW).granted).toBe(true);
});
