/** Tombstones in the memory of an isolate, and the claims of background refreshes. */
import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/cache/entry.ts";
import { Memory } from "../../src/cache/memory.ts";
import { entryOf } from "../support/cached.ts";
import { NOW } from "../support/clock.ts";

const SECONDS = 5;

const entry = (organizationId: string, fields: Partial<Entry> = {}): Entry =>
  entryOf({ organizationId, slug: `slug-of-${organizationId}`, body: new Uint8Array(1_000), ...fields });

/** Stores an entry as if it had been asked for by each of its names. */
function store(memory: Memory, stored: Entry, now: number): Entry {
  const names = [stored.organizationId, stored.slug, stored.externalId ?? stored.slug];
  return names.map((name) => memory.set(stored, name, now)).at(-1) ?? stored;
}

const found = (memory: Memory, name: string, now = NOW) => memory.get(name, now, SECONDS);

describe("a tombstone", () => {
  test("an entry is tombstoned if it was requested before its organization ended", () => {
    const memory = new Memory();
    store(memory, entry("a", { slug: "acme" }), NOW);
    memory.addTombstone("acme", 5);
    expect(found(memory, "a")).toBeNull();
    expect(memory.isTombstoned("acme", entry("a", { requestedAt: 5 }))).toBe(true);
    expect(memory.isTombstoned("acme", entry("a", { requestedAt: 6 }))).toBe(false);
    expect(memory.isTombstoned("a", entry("a", { requestedAt: 5 }))).toBe(false);
  });

  test("the oldest of more than 5,000 tombstones is forgotten", () => {
    const memory = new Memory();
    for (let i = 0; i <= 5_000; i += 1) memory.addTombstone(`name-${i}`, 5);
    expect([0, 1, 5_000].map((i) => memory.isTombstoned(`name-${i}`, entry("a")))).toEqual([
      false,
      true,
      true,
    ]);
  });
});

test("a background refresh of an organization is claimed once in the interval", () => {
  const memory = new Memory();
  const claims = [0, 999, 1_000, 1_500].map((ms) => memory.claimRevalidation("a", NOW + ms, 1_000));
  expect(claims).toEqual([true, false, true, false]);
  expect(memory.claimRevalidation("b", NOW + 1_500, 1_000)).toBe(true);
  // After the clock was set back.
  expect(memory.claimRevalidation("a", NOW - 1, 1_000)).toBe(true);
});
