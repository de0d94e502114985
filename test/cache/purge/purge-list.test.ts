/** Which entries the purges of an isolate's list end. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../../src/cache/entry.ts";
import { MAX_PURGES, PurgeList } from "../../../src/cache/purge/purge-list.ts";
import { entryOf } from "../../support/cached.ts";

const entry = (fields: Partial<Entry>): Entry => entryOf({ externalId: "crm|1", ...fields });

describe("an entry", () => {
  test.each(["organization-1", "acme", "crm|1"])("an entry is ended by a later purge of %s", (name) => {
    const purges = new PurgeList();
    purges.add({ name, sequence: 7 });
    expect(purges.isPurged(entry({ purgeEpoch: 6 }))).toBe(true);
    expect(purges.isPurged(entry({ purgeEpoch: 7 }))).toBe(false);
  });

  test("an entry survives purges of other names, and of aliases it no longer has", () => {
    const purges = new PurgeList();
    for (const name of ["organization-2", "Acme", "old-slug", "", "null"]) purges.add({ name, sequence: 7 });
    expect(purges.isPurged(entry({}))).toBe(false);
    expect(purges.isPurged(entry({ externalId: null }))).toBe(false);
  });

  test("an entry from before purgedBefore is ended, whatever its names are", () => {
    const purges = new PurgeList();
    purges.applyUpdates({ purges: [], purgedBefore: 5, latest: 0 });
    expect(purges.isPurged(entry({ purgeEpoch: 4 }))).toBe(true);
    expect(purges.isPurged(entry({ purgeEpoch: 5 }))).toBe(false);
  });

  test("isPurged agrees with minPurgeEpoch, for any purges and epochs", () => {
    const purge = fc.record({
      name: fc.constantFrom("organization-1", "acme", "crm|1", "other"),
      sequence: fc.integer({ min: 1, max: 9 }),
    });
    const epoch = fc.integer({ min: 0, max: 10 });
    fc.assert(
      fc.property(fc.array(purge, { maxLength: 6 }), epoch, epoch, (given, purgedBefore, purgeEpoch) => {
        const purges = new PurgeList();
        purges.applyUpdates({ purges: given, purgedBefore, latest: 0 });
        const least = purges.minPurgeEpoch(["organization-1", "acme", "crm|1"]);
        expect(purges.isPurged(entry({ purgeEpoch }))).toBe(purgeEpoch < least);
      }),
    );
  });
});

describe("the list", () => {
  test("purges in any order and number end what the latest of each name ends", () => {
    const purge = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      sequence: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(purge, { maxLength: 30 }), (given) => {
        const purges = new PurgeList();
        for (const one of given) purges.add(one);
        for (const name of ["a", "b", "c"]) {
          const sequences = given.filter((one) => one.name === name).map(({ sequence }) => sequence);
          expect(purges.minPurgeEpoch([name])).toBe(Math.max(0, ...sequences));
        }
        expect(purges.latestSeen).toBe(Math.max(0, ...given.map(({ sequence }) => sequence)));
      }),
    );
  });

  test("a purge that falls off the end of the list ends all entries from before it", () => {
    const purges = new PurgeList();
    for (let sequence = 1; sequence <= MAX_PURGES + 2; sequence += 1)
      purges.add({ name: `n${sequence}`, sequence });
    expect(purges.size).toBe(MAX_PURGES);
    expect(purges.purgedBefore).toBe(2);
    expect(purges.isPurged(entry({ purgeEpoch: 1 }))).toBe(true);
    expect(purges.isPurged(entry({ purgeEpoch: 2 }))).toBe(false);
    // A name that is purged again is the newest again, so the next to fall off is n4.
    purges.add({ name: "n3", sequence: MAX_PURGES + 3 });
    purges.add({ name: "one more", sequence: MAX_PURGES + 4 });
    expect(purges.minPurgeEpoch(["n3"])).toBe(MAX_PURGES + 3);
    expect(purges.minPurgeEpoch(["n4"])).toBe(4);
    expect(purges.purgedBefore).toBe(4);
    expect(purges.minPurgeEpoch(["n5"])).toBe(5);
  });

  test("a list that lags behind takes nothing back", () => {
    const purges = new PurgeList();
    purges.applyUpdates({ purges: [{ name: "acme", sequence: 7 }], purgedBefore: 3, latest: 8 });
    purges.applyUpdates({ purges: [{ name: "acme", sequence: 5 }], purgedBefore: 1, latest: 6 });
    expect(purges).toMatchObject({ syncedThrough: 8, latestSeen: 8, purgedBefore: 3 });
    expect(purges.minPurgeEpoch(["acme"])).toBe(7);
  });
});
