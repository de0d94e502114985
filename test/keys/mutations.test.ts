import { describe, expect, test } from "vitest";
import { checkKey } from "../../src/keys/authorize.ts";
import { editRecord, revokeRecord, rotateRecord as rotatedOrNot } from "../../src/keys/mutations.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { recordOf } from "../support/record.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");
const at = (seconds: number) => NOW + seconds * 1_000;
const works = (record: KeyRecord, generation: number, seconds: number) =>
  checkKey(record, generation, at(seconds)) === null;

function rotated(record: KeyRecord, overlapSeconds: number, now: number): KeyRecord {
  const after = rotatedOrNot(record, overlapSeconds, now);
  if (after === null) throw new Error("the rotation was refused");
  return after;
}

describe("a rotation", () => {
  test("with an overlap lets the old key work until it ends, to the millisecond", () => {
    const after = rotated(recordOf(), 60, NOW);
    expect(after.generation).toBe(2);
    expect(works(after, 2, 0)).toBe(true);
    expect(works(after, 1, 59.999)).toBe(true);
    expect(checkKey(after, 1, at(60))).toEqual({ type: "revoked_key" });
    expect(works(after, 2, 1e9)).toBe(true);
  });

  test("without one ends the old key at once", () => {
    const after = rotated(recordOf(), 0, NOW);
    expect(checkKey(after, 1, NOW)).toEqual({ type: "revoked_key" });
    expect(after.previous).toEqual([]);
  });

  test("upon another keeps the first overlap, unless the second is shorter", () => {
    const longer = rotated(rotated(recordOf(), 60, NOW), 600, at(10));
    expect([works(longer, 1, 59), works(longer, 1, 60)]).toEqual([true, false]);
    expect([works(longer, 2, 609), works(longer, 2, 610)]).toEqual([true, false]);
    const shorter = rotated(rotated(recordOf(), 600, NOW), 60, at(10));
    expect([works(shorter, 1, 69), works(shorter, 1, 70)]).toEqual([true, false]);
    const none = rotated(rotated(recordOf(), 600, NOW), 0, at(10));
    expect([works(none, 1, 10), works(none, 2, 10), works(none, 3, 10)]).toEqual([false, false, true]);
  });

  test("is refused rather than that an overlap ends before its time", () => {
    let record = recordOf();
    for (let i = 0; i < 20; i += 1) record = rotated(record, 2_592_000, at(i));
    expect(rotatedOrNot(record, 2_592_000, at(20))).toBeNull();
    expect([1, 10, 20, 21].map((generation) => works(record, generation, 20))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(rotated(record, 0, at(20)).previous).toEqual([]);
  });

  test("never makes a key of a generation that is to come valid", () => {
    expect(checkKey(rotated(recordOf(), 60, NOW), 3, NOW)).toEqual({ type: "invalid_key" });
  });
});

test("an edit changes what it names and nothing else, and orders itself behind the last change", () => {
  const before = recordOf({ organization_ids: ["o"], version: 4 });
  const after = editRecord(before, { name: "New", expires_at: "2027-01-01T00:00:00Z" }, NOW);
  expect(after).toEqual({
    ...before,
    name: "New",
    expires_at: "2027-01-01T00:00:00Z",
    updated_at: "2026-06-01T00:00:00.000Z",
    version: 5,
  });
  expect(editRecord(after, { organization_ids: null }, NOW).organization_ids).toBeNull();
});

test("a revocation ends every generation, overlapping ones too", () => {
  const after = revokeRecord(rotated(recordOf(), 600, NOW), at(1));
  for (const generation of [1, 2]) {
    expect(checkKey(after, generation, at(2))).toEqual({ type: "revoked_key" });
  }
});
