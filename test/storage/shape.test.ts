import { expect, test } from "vitest";
import { additionProblems } from "./shape.ts";

test.each([
  [{ a: 1 }, { a: 2, b: "" }, []],
  [{ a: 1 }, { b: 1 }, ["x.a is gone"]],
  [{ a: 1 }, { a: "1" }, ["x.a was number and is string"]],
  [{ a: null }, { a: {} }, ["x.a was null and is object"]],
  [[{ a: 1 }], [{ a: 1 }, { a: 2 }], []],
  [[{ a: 1 }], [{}], ["x[0].a is gone"]],
  [[1], [], []],
  [{ item: '{"a":1}' }, { item: '{"b":1}' }, ["x.item.a is gone"]],
  [{ action: "key.created" }, { action: "key.made" }, ["x.action is not key.created"]],
])("from %j to %j, a reader has the problems %j", (before, after, problems) => {
  expect(additionProblems(before, after, "x")).toEqual(problems);
});
