/** The state table of an Organization object, one test for each row, and what each state answers. */
import { describe, expect, test } from "vitest";
import { type EndResult, EntryState } from "../../../src/cache/object/entry-state.ts";
import type { ReadFailure, ReadRequest } from "../../../src/cache/object-messages.ts";
import { entryOf } from "../../support/cached.ts";
import { NOW } from "../../support/clock.ts";
import { createConfig } from "../../support/config.ts";

const { cache } = createConfig();

const entry = (requestedAt: number, purgeEpoch = 0) => entryOf({ requestedAt, purgeEpoch });
const heldIn = (state: EntryState) => state.servableEntry("acme", NOW, cache);
const end = (requestedAt: number, mayBeCached = false) => ({ requestedAt, mayBeCached });
const UNTIL = NOW + 10_000;
const FAILURE: ReadFailure = { failure: { type: "upstream_unavailable" }, call: null };

const request = (fields: Partial<ReadRequest> = {}): ReadRequest => ({
  kind: "answer",
  newestRequestedAt: null,
  hasSeenEntry: false,
  minPurgeEpoch: 0,
  latestSeen: 0,
  ...fields,
});

/** The three columns of the table: each is a state at request time 10. */
const COLUMNS = {
  "nothing known": () => new EntryState(10),
  "entry held": () => {
    const state = new EntryState();
    state.applyEntry(entry(10));
    return state;
  },
  "negative held": () => {
    const state = new EntryState();
    state.applyNotFound(end(10), { until: UNTIL, purgeEpoch: 0 });
    return state;
  },
};
type Column = keyof typeof COLUMNS;
const columns = Object.keys(COLUMNS) as Column[];

/** What a state is, in the words of the table. */
function columnOf(state: EntryState): "entry" | "negative" | "nothing" {
  if (heldIn(state) !== null) return "entry";
  return state.isKnownMissing(NOW) ? "negative" : "nothing";
}

describe("the state table", () => {
  test.each(columns)("a later 200 is held: %s", (column) => {
    const state = COLUMNS[column]();
    expect(state.applyEntry(entry(11))).toBe(true);
    expect([columnOf(state), heldIn(state)?.requestedAt]).toEqual(["entry", 11]);
  });

  test.each(columns)("an earlier 200, or one from before a purge, is ignored: %s", (column) => {
    const before = columnOf(COLUMNS[column]());
    const earlier = COLUMNS[column]();
    expect(earlier.applyEntry(entry(9))).toBe(false);
    expect(columnOf(earlier)).toBe(before);
    const purged = COLUMNS[column]();
    purged.observePurge(5);
    expect(purged.applyEntry(entry(11, 4))).toBe(false);
    expect(heldIn(purged)).toBeNull();
  });

  test.each<[Column, EndResult]>([
    ["nothing known", "ended"],
    ["entry held", "purge_due"],
    ["negative held", "ended"],
  ])("a 404 becomes negative, and lists a purge only of an entry: %s", (column, expected) => {
    const state = COLUMNS[column]();
    expect(state.applyNotFound(end(11), { until: UNTIL + 1, purgeEpoch: 0 })).toBe(expected);
    expect([columnOf(state), state.isKnownMissing(UNTIL)]).toEqual(["negative", true]);
  });

  test.each<[Column, EndResult]>([
    ["nothing known", "ended"],
    ["entry held", "purge_due"],
    ["negative held", "ended"],
  ])("a 400 leaves nothing, and lists a purge only of an entry: %s", (column, expected) => {
    const state = COLUMNS[column]();
    expect(state.applyBadRequest(end(11))).toBe(expected);
    expect(columnOf(state)).toBe("nothing");
  });

  test.each(columns)("an answer handed over leaves nothing that was requested earlier: %s", (column) => {
    const state = COLUMNS[column]();
    state.applyHandOver(11);
    expect([columnOf(state), state.requestedAt]).toEqual(["nothing", 11]);
    expect(state.applyBadRequest(end(10))).toBe("ignored");
  });

  test("an answer handed over leaves an entry that was requested later", () => {
    const state = COLUMNS["entry held"]();
    state.applyHandOver(9);
    expect(columnOf(state)).toBe("entry");
  });

  test.each(columns)("an end that was requested earlier is ignored: %s", (column) => {
    for (const apply of [
      (state: EntryState) => state.applyNotFound(end(9), { until: UNTIL, purgeEpoch: 0 }),
      (state: EntryState) => state.applyBadRequest(end(9)),
    ]) {
      const state = COLUMNS[column]();
      const before = columnOf(state);
      expect(apply(state)).toBe("ignored");
      expect(columnOf(state)).toBe(before);
    }
  });

  test("a 404 lists a purge if isolates or KV may hold an entry", () => {
    const negative = { until: UNTIL, purgeEpoch: 0 };
    expect(new EntryState().applyNotFound(end(1, true), negative)).toBe("purge_due");
    expect(new EntryState().applyBadRequest(end(1, true))).toBe("purge_due");
  });

  test.each(columns)("a transient failure changes nothing but the back-off: %s", (column) => {
    const state = COLUMNS[column]();
    const before = columnOf(state);
    state.applyTransientFailure(FAILURE, NOW);
    expect([columnOf(state), state.requestedAt]).toEqual([before, 10]);
    // A negative entry is not renewed, either.
    expect(state.isKnownMissing(UNTIL)).toBe(false);
  });

  test.each(columns)("a purge leaves nothing: %s", (column) => {
    const state = COLUMNS[column]();
    state.applyPurge(5);
    expect([columnOf(state), state.latestPurge, state.latestSeen]).toEqual(["nothing", 5, 5]);
  });

  test.each(columns)("an alias that has moved leaves nothing: %s", (column) => {
    const state = COLUMNS[column]();
    state.reset();
    expect(columnOf(state)).toBe("nothing");
  });
});

test("an entry is servable under its own names until it expires", () => {
  const state = new EntryState();
  state.applyEntry(entry(1));
  expect(state.servableEntry("organization-1", NOW, cache)).not.toBeNull();
  expect(state.servableEntry("other", NOW, cache)).toBeNull();
  expect(state.servableEntry("acme", NOW + 3_719_999, cache)).not.toBeNull();
  expect(state.servableEntry("acme", NOW + 3_720_000, cache)).toBeNull();
});

describe("a negative entry", () => {
  test("a negative entry lasts to its last millisecond, or to a purge or an entry", () => {
    const state = new EntryState();
    state.applyNotFound(end(1), { until: NOW + 10, purgeEpoch: 3 });
    expect([state.isKnownMissing(NOW + 9), state.isKnownMissing(NOW + 10)]).toEqual([true, false]);
    state.observePurge(3);
    expect(state.isKnownMissing(NOW)).toBe(true);
    state.observePurge(4);
    expect(state.isKnownMissing(NOW)).toBe(false);
    state.applyNotFound(end(2), { until: NOW + 10, purgeEpoch: 4 });
    expect(state.isKnownMissing(NOW)).toBe(true);
    state.applyEntry(entry(3, 4));
    expect(state.isKnownMissing(NOW)).toBe(false);
  });

  test("a negative entry survives the purge that the object had listed because of it", () => {
    const state = new EntryState();
    state.applyNotFound(end(1), { until: NOW + 10, purgeEpoch: 3 });
    state.observeOwnPurge({ sequence: 5, previous: 3 });
    expect([state.isKnownMissing(NOW), state.latestPurge]).toEqual([true, 5]);
  });

  test("a negative entry ends if another purge came before the one that the object listed", () => {
    const state = new EntryState();
    state.applyNotFound(end(1), { until: NOW + 10, purgeEpoch: 3 });
    state.observeOwnPurge({ sequence: 5, previous: 4 });
    expect([state.isKnownMissing(NOW), state.latestPurge]).toEqual([false, 5]);
  });

  test("a negative entry ends if an organization is seen with the alias later", () => {
    const state = new EntryState();
    state.applyNotFound(end(5), { until: NOW + 10, purgeEpoch: 0 });
    state.noteAliasSeen(4);
    expect(state.isKnownMissing(NOW)).toBe(true);
    state.noteAliasSeen(5);
    expect(state.isKnownMissing(NOW)).toBe(false);
  });

  test("a negative entry ends if an answer is handed over, which orders later ones", () => {
    const state = new EntryState();
    state.applyNotFound(end(5), { until: NOW + 10, purgeEpoch: 0 });
    state.applyHandOver(6);
    expect([state.isKnownMissing(NOW), state.requestedAt]).toEqual([false, 6]);
    expect(state.applyBadRequest(end(5))).toBe("ignored");
  });
});

describe("an answer without an upstream request", () => {
  const held = () => COLUMNS["entry held"]();
  const answer = (state: EntryState, fields: Partial<ReadRequest>, seconds = 0) =>
    state.answer("acme", request(fields), NOW + seconds * 1_000, cache);

  test.each([
    ["a fresh entry", "answer", 59, "held"],
    ["a fresh entry", "refresh", 59, "held"],
    ["a stale entry", "answer", 60, "held"],
    ["a stale entry", "refresh", 60, null],
    ["an entry past its stale window", "answer", 120, null],
  ] as const)("%s to a read of kind %s after %i s: %s", (_, kind, seconds, expected) => {
    const found = answer(held(), { kind }, seconds);
    expect(found === null ? null : found.entry !== undefined && found.origin).toBe(expected);
  });

  test("a negative entry answers not_found, without a call", () => {
    expect(answer(COLUMNS["negative held"](), {})).toEqual({ failure: "not_found", call: null });
    expect(answer(COLUMNS["nothing known"](), {})).toBeNull();
  });

  test("during a back-off, the failure is returned with an entry that may hide it", () => {
    const state = held();
    state.applyTransientFailure(FAILURE, NOW + 120_000);
    expect(answer(state, {}, 120.999)).toEqual({ ...FAILURE, cached: entry(10) });
    expect(answer(state, {}, 121)).toBeNull();
  });

  test("during a back-off, a caller without any entry is worth an attempt", () => {
    const state = COLUMNS["nothing known"]();
    state.applyTransientFailure(FAILURE, NOW);
    expect(answer(state, { newestRequestedAt: null })).toBeNull();
    expect(answer(state, { newestRequestedAt: 5 })).toEqual(FAILURE);
  });

  test("any answer of Stytch ends the back-off", () => {
    const state = COLUMNS["nothing known"]();
    state.applyTransientFailure(FAILURE, NOW);
    state.endBackOff();
    expect(answer(state, { newestRequestedAt: 5 })).toBeNull();
  });
});
