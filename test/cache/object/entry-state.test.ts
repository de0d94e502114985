import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../../src/cache/entry.ts";
import {
  applyEnd,
  applyEntry,
  createEntryState,
  type EntryState,
  isKnownMissing,
  nextRequestTime,
  observeSequence,
  resetEntryState,
  servableEntry,
} from "../../../src/cache/object/entry-state.ts";
import { createConfig } from "../../support/config.ts";

const NOW = 1_800_000_000_000;
const { cache } = createConfig();

const entry = (requestedAt: number, purgeEpoch = 0): Entry => ({
  organizationId: "organization-1",
  slug: "acme",
  externalId: null,
  body: new Uint8Array(0),
  etag: "",
  requestedAt,
  receivedAt: NOW,
  purgeEpoch,
});
const heldIn = (known: EntryState) => servableEntry(known, "acme", NOW, cache);

type Event =
  | { readonly is: "entry"; readonly began: number; readonly purgeEpoch: number }
  | { readonly is: "end"; readonly began: number }
  | { readonly is: "purge"; readonly number: number };

function take(known: EntryState, event: Event): void {
  switch (event.is) {
    case "entry":
      applyEntry(known, entry(event.began, event.purgeEpoch));
      break;
    case "end":
      applyEnd(known, event.began, undefined);
      break;
    case "purge":
      observeSequence(known, event.number, event.number);
      break;
  }
}

const began = fc.integer({ min: 1, max: 20 });
const anEntry = fc.record({
  is: fc.constant("entry" as const),
  began,
  purgeEpoch: fc.integer({ min: 0, max: 5 }),
});
const anEnd = fc.record({ is: fc.constant("end" as const), began });
const aPurge = fc.record({ is: fc.constant("purge" as const), number: fc.integer({ min: 1, max: 5 }) });

describe("of answers in any order", () => {
  test("the one whose request began last stands, and of a tie with an end the end", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anEntry, anEnd), { maxLength: 12 }), (events) => {
        const known = createEntryState();
        for (const event of events) take(known, event);
        const last = (is: Event["is"]) =>
          Math.max(
            0,
            ...events.flatMap((event) => (event.is === is && "began" in event ? [event.began] : [])),
          );
        const expected = last("entry") > last("end") ? last("entry") : undefined;
        expect(heldIn(known)?.requestedAt).toBe(expected);
      }),
    );
  });

  test("none from before a purge is answered after it", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anEntry, anEnd, aPurge), { maxLength: 20 }), (events) => {
        const known = createEntryState();
        let purge = 0;
        for (const event of events) {
          take(known, event);
          if (event.is === "purge") purge = Math.max(purge, event.number);
          expect(heldIn(known)?.purgeEpoch ?? purge).toBeGreaterThanOrEqual(purge);
        }
      }),
    );
  });

  test("what was heard and purged only grows, also when all else is forgotten", () => {
    const known = createEntryState();
    observeSequence(known, 9, 7);
    applyEntry(known, entry(1, 8));
    observeSequence(known, 3, 2);
    resetEntryState(known);
    expect(known).toEqual({ ...createEntryState(), latestSeen: 9, latestPurge: 7 });
    applyEntry(known, entry(1, 12));
    expect(known.latestSeen).toBe(12);
  });
});

test("what began before a purge is not taken in, so that nobody writes it down", () => {
  const known = createEntryState();
  observeSequence(known, 5, 5);
  expect(applyEntry(known, entry(1, 4))).toBe(false);
  expect(applyEntry(known, entry(1, 5))).toBe(true);
});

test("an older object's memory counts: what began before what it knew is not taken in", () => {
  const known = createEntryState(10);
  expect(applyEntry(known, entry(9))).toBe(false);
  expect(applyEntry(known, entry(10))).toBe(true);
});

test("a request is later than all that is known, though the clock stands still or has gone back", () => {
  const known = createEntryState();
  expect(nextRequestTime(known, NOW)).toBe(NOW);
  applyEnd(known, NOW, undefined);
  expect(nextRequestTime(known, NOW)).toBe(NOW + 1);
  expect(nextRequestTime(known, NOW - 5)).toBe(NOW + 1);
  expect(nextRequestTime(known, NOW + 2)).toBe(NOW + 2);
  expect(applyEntry(known, entry(nextRequestTime(known, NOW)))).toBe(true);
});

test("an entry is usable under its own names until it is dead", () => {
  const known = createEntryState();
  applyEntry(known, entry(1));
  expect(servableEntry(known, "organization-1", NOW, cache)).not.toBeNull();
  expect(servableEntry(known, "other", NOW, cache)).toBeNull();
  expect(servableEntry(known, "acme", NOW + 3_719_999, cache)).not.toBeNull();
  expect(servableEntry(known, "acme", NOW + 3_720_000, cache)).toBeNull();
});

test("a 404 is remembered to its last millisecond, and ends with a purge and with an entry", () => {
  const known = createEntryState();
  applyEnd(known, 1, { until: NOW + 10, purgeEpoch: 3 });
  expect([isKnownMissing(known, NOW + 9), isKnownMissing(known, NOW + 10)]).toEqual([true, false]);
  observeSequence(known, 3, 3);
  expect(isKnownMissing(known, NOW)).toBe(true);
  observeSequence(known, 4, 4);
  expect(isKnownMissing(known, NOW)).toBe(false);
  applyEnd(known, 2, { until: NOW + 10, purgeEpoch: 4 });
  expect(isKnownMissing(known, NOW)).toBe(true);
  applyEntry(known, entry(3, 4));
  expect(isKnownMissing(known, NOW)).toBe(false);
});
