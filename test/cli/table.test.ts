import { expect, test } from "vitest";
import { card, table, truncate } from "../../cli/table.ts";

test("columns are as wide as their widest cell, and no line ends in spaces", () => {
  const rows = [
    ["a", "1"],
    ["longer", ""],
  ];
  expect(table(["NAME", "N"], rows)).toBe("NAME    N\na       1\nlonger");
});

test("a card leaves out names without a value", () => {
  const rows = [
    ["a", "1"],
    ["gone", undefined],
    ["bcd", "2"],
  ] as const;
  expect(card(rows)).toBe("a    1\nbcd  2");
});

test("wide and combining characters count by the columns that they fill", () => {
  const rows = [
    ["日本語", "1"],
    ["ｱｲｳ", "2"],
    ["e\u0301t\u0301", "3"],
    ["🎉", "4"],
    ["한글", "5"],
  ];
  expect(table(["N", ""], rows).split("\n").slice(1)).toEqual([
    "日本語  1",
    "ｱｲｳ     2",
    "e\u0301t\u0301      3",
    "🎉      4",
    "한글    5",
  ]);
});

test.each([
  ["short", "short"],
  ["exactly 10", "exactly 10"],
  ["eleven char", "eleven ch…"],
  ["日本語日本", "日本語日本"],
  ["日本語日本語", "日本語日…"],
])("%s is cut to ten columns as %s", (text, cut) => {
  expect(truncate(text, 10)).toBe(cut);
});
