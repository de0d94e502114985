import { expect, test } from "vitest";
import { parseJson } from "../../src/platform/bounded-json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const nestedObjects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

test("200 levels of lists or objects are parsed", () => {
  expect(parseJson(bytes(nested(200)))).toBeDefined();
  expect(parseJson(bytes(nestedObjects(200)))).toBeDefined();
});

test("201 levels of lists, objects or both are refused", () => {
  expect(parseJson(bytes(nested(201)))).toBeUndefined();
  expect(parseJson(bytes(nestedObjects(201)))).toBeUndefined();
  expect(parseJson(bytes(`{"a":${nested(200)}}`))).toBeUndefined();
  expect(parseJson(bytes(nested(100_000)))).toBeUndefined();
});

test("brackets beside each other do not count as depth", () => {
  expect(parseJson(bytes(`[${"[],{},".repeat(500)}1]`))).toHaveLength(1_001);
});

test("brackets in strings do not count as depth, not even after escaped quotes", () => {
  for (const text of [
    "[".repeat(300),
    `"${"{".repeat(300)}`,
    `\\"${"[".repeat(300)}`,
    `\\\\${"[".repeat(300)}`,
  ]) {
    expect(parseJson(bytes(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
  }
});

test("a string that ends in a backslash does not hide the depth after it", () => {
  expect(parseJson(bytes(`["\\\\",${nested(200)}]`))).toBeUndefined();
});

test("a string of 1 MiB is parsed", () => {
  const text = "x".repeat(1024 * 1024 - 2);
  expect(parseJson(bytes(`"${text}"`))).toBe(text);
});

test("50,000 escaped quotes in an open string take linear time", { timeout: 1_000 }, () => {
  expect(parseJson(bytes(`"${'\\"'.repeat(50_000)}`))).toBeUndefined();
});

test.each([
  ["an empty body", new Uint8Array(0)],
  ["HTML", bytes("<html></html>")],
  ["JSON with more text after it", bytes("{} {}")],
  ["a byte order mark", bytes("\uFEFF{}")],
  ["invalid UTF-8 inside a string", new Uint8Array([0x22, 0xff, 0x22])],
  ["an overlong encoding", new Uint8Array([0x22, 0xc0, 0xaf, 0x22])],
  ["an encoded surrogate", new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])],
])("%s is not JSON", (_, given) => {
  expect(parseJson(given)).toBeUndefined();
});
