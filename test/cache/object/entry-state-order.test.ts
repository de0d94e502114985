/** Answers and purges that reach an Organization object in any order: the latest request wins, and purges only grow. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EntryState } from "../../../src/cache/object/entry-state.ts";
import { entryOf } from "../../support/cached.ts";
import { NOW } from "../../support/clock.ts";
import { createConfig } from "../../support/config.ts";

const { cache } = createConfig();

const entry = (requestedAt: number, purgeEpoch = 0) => entryOf({ requestedAt, purgeEpoch });
const heldIn = (state: EntryState) => state.servableEntry("acme", NOW, cache);
const end = (requestedAt: number, mayBeCached = false) => ({ requestedAt, mayBeCached });

type Event =
  | { readonly is: "entry"; readonly requestedAt: number; readonly purgeEpoch: number }
  | { readonly is: "end"; readonly requestedAt: number }
  | { readonly is: "purge"; readonly sequence: number };

function apply(state: EntryState, event: Event): void {
  switch (event.is) {
    case "entry":
      state.applyEntry(entry(event.requestedAt, event.purgeEpoch));
      break;
    case "end":
      state.applyBadRequest(end(event.requestedAt));
      break;
    case "purge":
      state.observePurge(event.sequence);
      break;
  }
}

const requestedAt = fc.integer({ min: 1, max: 20 });
const anEntry = fc.record({
  is: fc.constant("entry" as const),
  requestedAt,
  purgeEpoch: fc.integer({ min: 0, max: 5 }),
});
const anEnd = fc.record({ is: fc.constant("end" as const), requestedAt });
const aPurge = fc.record({ is: fc.constant("purge" as const), sequence: fc.integer({ min: 1, max: 5 }) });

describe("answers in any order", () => {
  test("the latest request wins, and of a tie with an end the end", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anEntry, anEnd), { maxLength: 12 }), (events) => {
        const state = new EntryState();
        for (const event of events) apply(state, event);
        const last = (is: Event["is"]) =>
          Math.max(
            0,
            ...events.flatMap((event) =>
              event.is === is && "requestedAt" in event ? [event.requestedAt] : [],
            ),
          );
        const expected = last("entry") > last("end") ? last("entry") : undefined;
        expect(heldIn(state)?.requestedAt).toBe(expected);
      }),
    );
  });

  test("no entry from before a purge is served after it", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anEntry, anEnd, aPurge), { maxLength: 20 }), (events) => {
        const state = new EntryState();
        let purge = 0;
        for (const event of events) {
          apply(state, event);
          if (event.is === "purge") purge = Math.max(purge, event.sequence);
          expect(heldIn(state)?.purgeEpoch ?? purge).toBeGreaterThanOrEqual(purge);
        }
      }),
    );
  });

  test("purge numbers only grow, and a reset keeps them and nothing else", () => {
    const state = new EntryState();
    state.observeSequence(9);
    state.observePurge(7);
    state.applyEntry(entry(1, 8));
    state.observeSequence(3);
    state.observePurge(2);
    state.reset();
    expect([state.latestSeen, state.latestPurge]).toEqual([9, 7]);
    expect([state.requestedAt, state.hasEntry]).toEqual([Number.NEGATIVE_INFINITY, false]);
    expect(state.isKnownMissing(NOW)).toBe(false);
    // The end of before no longer counts, either.
    expect(state.applyEntry(entry(1, 12))).toBe(true);
    expect(state.latestSeen).toBe(12);
  });
});

test("an entry from before a purge is not taken in, so that nobody writes it to KV", () => {
  const state = new EntryState();
  state.observePurge(5);
  expect(state.applyEntry(entry(1, 4))).toBe(false);
  expect(state.applyEntry(entry(1, 5))).toBe(true);
});

test("after an eviction, an entry older than the mirrored one is not taken in", () => {
  const state = new EntryState(10);
  expect(state.applyEntry(entry(9))).toBe(false);
  expect(state.applyEntry(entry(10))).toBe(true);
});

test("a request time is later than all that is known, however the clock moves", () => {
  const state = new EntryState();
  expect(state.nextRequestTime(NOW)).toBe(NOW);
  state.applyBadRequest(end(NOW));
  expect(state.nextRequestTime(NOW)).toBe(NOW + 1);
  expect(state.nextRequestTime(NOW - 5)).toBe(NOW + 1);
  expect(state.nextRequestTime(NOW + 2)).toBe(NOW + 2);
  expect(state.applyEntry(entry(state.nextRequestTime(NOW)))).toBe(true);
});
