import { expect, test } from "vitest";
import { describeError as described, log } from "../src/log.ts";
import { logLines } from "./support/guard.ts";

test("a line is one JSON object on one line", () => {
  log({ route: "/a\nb", status: 200 });
  expect(logLines()).toEqual([{ route: "/a\nb", status: 200 }]);
});

test("an error is described by its kind and place", () => {
  class Odd extends TypeError {
    override readonly name = "Odd";
  }
  expect(described(new Odd("any"))).toMatch(/^Odd at .*log\.test\.ts/);
});

test("an error's message, which may quote a body, is not in its description", () => {
  const text = described(new SyntaxError('Unexpected token in "ada@acme.example"'));
  expect(text).not.toContain("ada");
  expect(text).not.toContain("Unexpected");
  expect(text).toMatch(/^SyntaxError at /);
});

test("a message of many lines does not come in as a place", () => {
  const text = described(new Error("quoted:\n    at ada@acme.example\n  at the end"));
  expect(text).not.toContain("ada");
  expect(text).not.toContain("the end");
});

test("the cause of an error is not in its description", () => {
  expect(described(new Error("outer", { cause: new Error("ada@acme.example") }))).not.toContain("ada");
});

test("no more than eight frames are described, and none where there is no stack", () => {
  const deep = new Error("deep");
  deep.stack = `Error: deep\n${"    at somewhere\n".repeat(50)}`;
  expect(described(deep).match(/at somewhere/g)).toHaveLength(8);
  const bare = new Error("bare");
  delete bare.stack;
  expect(described(bare)).toBe("Error");
});

test.each([
  ["a string", "ada@acme.example", "string"],
  ["an object", { email: "ada@acme.example" }, "object"],
  ["null", null, "object"],
  ["nothing", undefined, "undefined"],
])("%s that was thrown is described by its type alone", (_, thrown, expected) => {
  expect(described(thrown)).toBe(expected);
});
