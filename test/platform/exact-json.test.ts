import { expect, test } from "vitest";
import { isExactNumber, parseExactly } from "../../src/platform/exact-json.ts";

const parse = (text: string) => parseExactly(new TextEncoder().encode(text));

test.each(["9007199254740993", "1.10", "1e400", "-0", "0.1000000000000000055511151231257827"])(
  "the number %s, which a double would change, is written as it came",
  (number) => {
    const text = `{"a":${number},"b":[{"c":${number}}]}`;
    const parsed = parse(text);
    expect(JSON.stringify(parsed)).toBe(text);
    expect(isExactNumber(parsed["a"])).toBe(true);
  },
);

test("numbers that a double represents are parsed as numbers", () => {
  expect(parse('{"a":1,"b":-2.5,"c":[0]}')).toEqual({ a: 1, b: -2.5, c: [0] });
});

test("isExactNumber is false for numbers, texts, objects and null", () => {
  for (const value of [1, "1", { rawJSON: "1" }, null, undefined]) expect(isExactNumber(value)).toBe(false);
});
