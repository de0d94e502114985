/** The log line, and how an error is described in it without data of a caller. */
import { expect, test } from "vitest";
import { describeError, log } from "../src/log.ts";
import { logLines } from "./support/egress.ts";

test("a log line is one JSON object on one line, and begins with its time", () => {
  const before = Date.now();
  log({ route: "/a\nb", status: 200 });
  expect(logLines()).toEqual([{ at: expect.any(String), route: "/a\nb", status: 200 }]);
  const at = String(logLines()[0]?.["at"]);
  expect(new Date(at).toISOString()).toBe(at);
  expect(Date.parse(at)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(at)).toBeLessThanOrEqual(Date.now());
  expect(Object.keys(logLines()[0] ?? {})[0]).toBe("at");
});

test("an error is described by its name and place", () => {
  class Odd extends TypeError {
    override readonly name = "Odd";
  }
  expect(describeError(new Odd("any"))).toMatch(/^Odd at .*log\.test\.ts/);
});

test("the message of an error, which may quote a body, is not in its description", () => {
  const text = describeError(new SyntaxError('Unexpected token in "ada@acme.example"'));
  expect(text).not.toContain("ada");
  expect(text).not.toContain("Unexpected");
  expect(text).toMatch(/^SyntaxError at /);
});

test("a message of several lines is not mistaken for stack frames", () => {
  const text = describeError(new Error("quoted:\n    at ada@acme.example\n  at the end"));
  expect(text).not.toContain("ada");
  expect(text).not.toContain("the end");
});

test("the cause of an error is not in its description", () => {
  expect(describeError(new Error("outer", { cause: new Error("ada@acme.example") }))).not.toContain("ada");
});

test("a description has at most eight frames, and none without a stack", () => {
  const deep = new Error("deep");
  deep.stack = `Error: deep\n${"    at somewhere\n".repeat(50)}`;
  expect(describeError(deep).match(/at somewhere/g)).toHaveLength(8);
  const bare = new Error("bare");
  delete bare.stack;
  expect(describeError(bare)).toBe("Error");
});

test.each([
  ["string", "ada@acme.example", "string"],
  ["object", { email: "ada@acme.example" }, "object"],
  ["null", null, "object"],
  ["undefined", undefined, "undefined"],
])("a thrown %s is described by its type alone", (_, thrown, expected) => {
  expect(describeError(thrown)).toBe(expected);
});
