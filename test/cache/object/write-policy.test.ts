/** When an entry is written to KV again, and which reads a write would have saved. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../../src/cache/entry.ts";
import {
  isAvoidableRead,
  isWorthWriting,
  type MirroredVersion,
  mirroredVersionOf,
  READS_PER_WRITE,
} from "../../../src/cache/object/write-policy.ts";
import type { Config } from "../../../src/config.ts";
import { NOW } from "../../support/clock.ts";

/** The defaults: a life of 3,720 seconds, an eighth of which is 465. */
const CACHE: Config["cache"] = {
  freshSeconds: 60,
  staleSeconds: 60,
  staleIfErrorSeconds: 3_600,
  negativeSeconds: 10,
  memorySeconds: 5,
};
const STORED: MirroredVersion = { etag: 'W/"same"', requestedAt: NOW, receivedAt: NOW + 50 };

const entry = (fields: Partial<Entry> = {}): Entry => ({
  name: fields.organizationId ?? "organization-1",
  organizationId: "organization-1",
  slug: "acme",
  externalId: null,
  body: new Uint8Array(0),
  etag: STORED.etag,
  requestedAt: STORED.requestedAt,
  receivedAt: STORED.receivedAt,
  purgeEpoch: 0,
  ...fields,
});

/** The same organization, read so much later. */
const later = (ms: number, fields: Partial<Entry> = {}) =>
  entry({ requestedAt: STORED.requestedAt + ms, receivedAt: STORED.receivedAt + ms, ...fields });

test("a mirrored version is the ETag and two times, and nothing large", () => {
  expect(mirroredVersionOf(entry())).toEqual(STORED);
});

describe("isWorthWriting", () => {
  test("an entry is written if it is unknown what KV holds", () => {
    expect(isWorthWriting(undefined, entry(), 0, CACHE)).toBe(true);
  });

  test.each([0, 1, 32, 33])("a changed entry is written at once, after %i avoidable reads", (calls) => {
    expect(isWorthWriting(STORED, later(1, { etag: 'W/"changed"' }), calls, CACHE)).toBe(true);
  });

  test("an unchanged entry is written after 33 avoidable reads, and not before", () => {
    expect(READS_PER_WRITE).toBe(33);
    expect(isWorthWriting(STORED, later(1), 32, CACHE)).toBe(false);
    expect(isWorthWriting(STORED, later(1), 33, CACHE)).toBe(true);
    expect(isWorthWriting(STORED, later(1), 34, CACHE)).toBe(true);
  });

  test("an unchanged entry is written after an eighth of its TTL, to the millisecond", () => {
    expect(isWorthWriting(STORED, later(464_999), 0, CACHE)).toBe(false);
    expect(isWorthWriting(STORED, later(465_000), 0, CACHE)).toBe(true);
  });

  test("the age of KV's copy counts from Stytch's answer, not from the request", () => {
    expect(
      isWorthWriting(STORED, later(465_000, { receivedAt: STORED.receivedAt + 464_999 }), 0, CACHE),
    ).toBe(false);
    expect(
      isWorthWriting(STORED, later(464_999, { receivedAt: STORED.receivedAt + 465_000 }), 0, CACHE),
    ).toBe(true);
  });

  test.each<[number, string, Partial<Config["cache"]>]>([
    [120_000, "an eighth of the TTL is shorter than it is servable", { staleIfErrorSeconds: 600 }],
    [120_000, "it hides no failure", { staleIfErrorSeconds: 0 }],
    [60_000, "it is never stale and hides no failure", { staleIfErrorSeconds: 0, staleSeconds: 0 }],
    [7_500, "its TTL is KV's minimum", { freshSeconds: 1, staleSeconds: 0, staleIfErrorSeconds: 0 }],
    [120_000, "an eighth of the TTL is as long as it is servable", { staleIfErrorSeconds: 840 }],
    [120_125, "an eighth of the TTL is a little longer", { staleIfErrorSeconds: 841 }],
  ])("an unchanged entry is written after %i ms if %s", (ms, _, fields) => {
    const cache = { ...CACHE, ...fields };
    expect(isWorthWriting(STORED, later(ms - 1), 0, cache)).toBe(false);
    expect(isWorthWriting(STORED, later(ms), 0, cache)).toBe(true);
  });

  test.each([0, -1, -3_600_000])(
    "an entry is not written if KV's is as new or newer: requested %i ms later",
    (ms) => {
      expect(isWorthWriting(STORED, later(ms), 33, CACHE)).toBe(false);
      // However the clock went meanwhile.
      expect(isWorthWriting(STORED, later(ms, { receivedAt: NOW + 1e9 }), 33, CACHE)).toBe(false);
    },
  );

  test("an unchanged entry nobody misses is written once in an eighth of its TTL", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 600_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(gaps, (given) => {
        let stored = STORED;
        let at = 0;
        const writes: number[] = [0];
        for (const gap of given) {
          at += gap;
          if (isWorthWriting(stored, later(at), 0, CACHE)) {
            stored = mirroredVersionOf(later(at));
            writes.push(at);
          }
          // Nor is it left there for longer.
          expect(at - (writes.at(-1) ?? 0)).toBeLessThan(465_000);
        }
        for (const [index, write] of writes.entries()) {
          if (index > 0) expect(write - (writes[index - 1] ?? 0)).toBeGreaterThanOrEqual(465_000);
        }
      }),
    );
  });
});

describe("isAvoidableRead", () => {
  const NEWER = later(1_000);

  test.each<[string, MirroredVersion | undefined, number | null]>([
    ["has nothing, and what KV holds is unknown", undefined, null],
    ["has nothing, and KV's copy is older", STORED, null],
    ["has nothing, and KV's copy is older by a millisecond", mirroredVersionOf(later(999)), null],
    ["has KV's older copy", STORED, STORED.requestedAt],
    ["has one that is older by a millisecond", STORED, NEWER.requestedAt - 1],
  ])("a read is avoidable if the caller %s", (_, stored, has) => {
    expect(isAvoidableRead(stored, NEWER, has)).toBe(true);
  });

  test.each<[string, MirroredVersion | undefined, number | null]>([
    ["has what the object has", STORED, NEWER.requestedAt],
    ["has something newer", STORED, NEWER.requestedAt + 1],
    ["has what the object has, and what KV holds is unknown", undefined, NEWER.requestedAt],
    ["has nothing, and KV has what the object has", mirroredVersionOf(NEWER), null],
    ["has an older one, and KV has what the object has", mirroredVersionOf(NEWER), STORED.requestedAt],
    ["has nothing, and KV has something newer", mirroredVersionOf(later(1_001)), null],
  ])("a read is not avoidable if the caller %s", (_, stored, has) => {
    expect(isAvoidableRead(stored, NEWER, has)).toBe(false);
  });

  test("a read is avoidable only if a write would help, and 33 of them cause it", () => {
    const moment = fc.integer({ min: 0, max: 10 });
    fc.assert(
      fc.property(moment, moment, fc.option(moment), (given, held, has) => {
        const stored = mirroredVersionOf(later(given));
        const spared = isAvoidableRead(stored, later(held), has === null ? null : later(has).requestedAt);
        expect(spared).toBe(given < held && (has === null || has < held));
        if (spared) expect(isWorthWriting(stored, later(held), READS_PER_WRITE, CACHE)).toBe(true);
      }),
    );
  });
});
