import { expect, test } from "vitest";
import { parseDevVars } from "../../dev/dev-vars.ts";

const parse = (text: string) => parseDevVars(new TextEncoder().encode(text));

test.each([
  ["", {}],
  ["\n# only a comment, with a 'quote\n  # another\n", {}],
  ["A=1\nB=2", { A: "1", B: "2" }],
  ["A=1\r\n\r\n# c\r\nB=2\r\n", { A: "1", B: "2" }],
  ["\uFEFFA=1\n", { A: "1" }],
  ["A=\nB=2\n", { B: "2" }],
  ["export A=1\n  B = 2 # why\n", { A: "1", B: "2" }],
  [`A="1 # 2"\nB='x=y'\n`, { A: "1 # 2", B: "x=y" }],
  [`A="one\ntwo"\nB=it's\n`, { A: "one\ntwo", B: "it's" }],
])("the environment file %j is read", (text, vars) => {
  expect(parse(text)).toEqual(vars);
});

test.each([
  ['{"STYTCH_SECRET": "canary"}', "is JSON"],
  ['\n{\n  "STYTCH_SECRET": "canary=1"\n}\n', "is JSON"],
  ['[{"A": "canary"}]', "is JSON"],
  ["STYTCH_PROJECT_ID: canary\n", "in line 1"],
  ["A=1\n\nset B=canary\n", "in line 3"],
  ["A=1\n[vars]\ncanary=2\n", "in line 2"],
  [`A="one\ntwo"\ncanary\n`, "in line 3"],
  ["A=1\nB canary\n", "in line 2"],
  [`A="canary\nB=2\n`, "open quotation mark: A"],
  ["A=1\0canary=2\n", "UTF-8"],
])("the file %j is refused by what is wrong, and is not repeated", (text, problem) => {
  let message = "";
  try {
    parse(text);
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain(problem);
  expect(message).not.toContain("canary");
});

test.each([
  ["UTF-16", [0xff, 0xfe, 0x41, 0, 0x3d, 0, 0x31, 0]],
  ["UTF-16 without a mark", [0x41, 0, 0x3d, 0, 0x31, 0]],
  ["Latin-1", [0x41, 0x3d, 0xe9]],
])("a file in %s is refused with its encoding named", (_, bytes) => {
  expect(() => parseDevVars(new Uint8Array(bytes))).toThrow("is not text in UTF-8");
});
