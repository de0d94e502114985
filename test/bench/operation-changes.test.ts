/** What the regression gate takes for a rise of the counted operations. */
import { expect, test } from "vitest";
import type { Count } from "../../bench/counted-worker.ts";
import { compareOperations, lowerCounts } from "../../bench/operation-changes.ts";

const COUNT: Count = {
  kvReads: 2,
  kvWrites: 0,
  objectCalls: 4,
  rowsRead: 11,
  rowsWritten: 1,
  upstreamCalls: 0,
  requests: 500,
};

test("a count that rose is named with what it was and what it is", () => {
  const { rises, falls } = compareOperations({ hit: { ...COUNT, objectCalls: 9 } }, { hit: COUNT });
  expect(rises).toEqual(["hit: object calls rose from 4 to 9 in 500 requests"]);
  expect(falls).toEqual([]);
});

test("a count that fell is no rise, and equal counts are neither", () => {
  const { rises, falls } = compareOperations({ hit: { ...COUNT, rowsRead: 10 } }, { hit: COUNT });
  expect(rises).toEqual([]);
  expect(falls).toEqual(["hit: rows read fell from 11 to 10 in 500 requests"]);
  expect(compareOperations({ hit: COUNT }, { hit: COUNT })).toEqual({ rises: [], falls: [] });
});

test("a rise of one operation is not made up for by the fall of another", () => {
  const counted = { hit: { ...COUNT, kvReads: 0, kvWrites: 1 } };
  expect(compareOperations(counted, { hit: COUNT }).rises).toHaveLength(1);
});

test("a kind without an expectation for as many requests counts as a rise", () => {
  expect(compareOperations({ burst: COUNT }, { hit: COUNT }).rises).toHaveLength(1);
  expect(compareOperations({ hit: { ...COUNT, requests: 300 } }, { hit: COUNT }).rises).toHaveLength(1);
});

test("of two counts of the same requests, the lower one of each operation counts", () => {
  const lower = lowerCounts({ hit: { ...COUNT, kvReads: 3 } }, { hit: { ...COUNT, rowsRead: 12 } });
  expect(lower).toEqual({ hit: COUNT });
});
