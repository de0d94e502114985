import { describe, expect, test } from "vitest";
import { checkKey } from "../../src/keys/authorize.ts";
import { editRecord, revokeRecord, rotateRecord } from "../../src/keys/mutations.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { recordOf } from "../support/record.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");
const at = (seconds: number) => NOW + seconds * 1_000;
const isAccepted = (record: KeyRecord, generation: number, seconds: number) =>
  checkKey(record, generation, at(seconds)) === null;

/** Rotates the key, and fails the test if the rotation is refused. */
function rotated(record: KeyRecord, overlapSeconds: number, now: number): KeyRecord {
  const after = rotateRecord(record, overlapSeconds, now);
  if (after === null) throw new Error("the rotation was refused");
  return after;
}

describe("rotateRecord", () => {
  test("a rotation with an overlap keeps the old key until the exact end of the overlap", () => {
    const after = rotated(recordOf(), 60, NOW);
    expect(after.generation).toBe(2);
    expect(isAccepted(after, 2, 0)).toBe(true);
    expect(isAccepted(after, 1, 59.999)).toBe(true);
    expect(checkKey(after, 1, at(60))).toEqual({ type: "revoked_key" });
    expect(isAccepted(after, 2, 1e9)).toBe(true);
  });

  test("a rotation without an overlap ends the old key at once", () => {
    const after = rotated(recordOf(), 0, NOW);
    expect(checkKey(after, 1, NOW)).toEqual({ type: "revoked_key" });
    expect(after.previous).toEqual([]);
  });

  test("a second rotation shortens the overlap of the first, and never extends it", () => {
    const longer = rotated(rotated(recordOf(), 60, NOW), 600, at(10));
    expect([isAccepted(longer, 1, 59), isAccepted(longer, 1, 60)]).toEqual([true, false]);
    expect([isAccepted(longer, 2, 609), isAccepted(longer, 2, 610)]).toEqual([true, false]);
    const shorter = rotated(rotated(recordOf(), 600, NOW), 60, at(10));
    expect([isAccepted(shorter, 1, 69), isAccepted(shorter, 1, 70)]).toEqual([true, false]);
    const none = rotated(rotated(recordOf(), 600, NOW), 0, at(10));
    expect([isAccepted(none, 1, 10), isAccepted(none, 2, 10), isAccepted(none, 3, 10)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("a rotation is refused if it would end an overlap before its time", () => {
    let record = recordOf();
    for (let i = 0; i < 20; i += 1) record = rotated(record, 2_592_000, at(i));
    expect(rotateRecord(record, 2_592_000, at(20))).toBeNull();
    expect([1, 10, 20, 21].map((generation) => isAccepted(record, generation, 20))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(rotated(record, 0, at(20)).previous).toEqual([]);
  });

  test("a rotation does not make a key of a later generation valid", () => {
    expect(checkKey(rotated(recordOf(), 60, NOW), 3, NOW)).toEqual({ type: "invalid_key" });
  });
});

test("an edit changes the named fields only, and increments the version", () => {
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

test("a revocation ends every generation, including overlapping ones", () => {
  const after = revokeRecord(rotated(recordOf(), 600, NOW), at(1));
  for (const generation of [1, 2]) {
    expect(checkKey(after, generation, at(2))).toEqual({ type: "revoked_key" });
  }
});
