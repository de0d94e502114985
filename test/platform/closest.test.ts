import { expect, test } from "vitest";
import { closestTo } from "../../src/platform/closest.ts";

const WORDS = ["organizations:read", "cache:refresh", "name", "names"];

test.each([
  ["organization:read", "organizations:read"],
  ["cache:refersh", "cache:refresh"],
  ["nane", "name"],
  ["names", "names"],
  ["", null],
  ["read", null],
  ["xyz", null],
  ["x".repeat(100_000), null],
])("the word closest to %s is %s", (text, closest) => {
  expect(closestTo(text, WORDS)).toBe(closest);
});
