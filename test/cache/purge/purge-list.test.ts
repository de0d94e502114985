import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Entry } from "../../../src/cache/entry.ts";
import {
  addPurge,
  createPurgeList,
  ensureSynced,
  latestPurgeOf,
  MAX_PURGES,
  type PurgeList,
  type PurgeSource,
  type PurgeUpdates,
  survivesPurges,
} from "../../../src/cache/purge/purge-list.ts";
import { createConfig } from "../../support/config.ts";
import { deferred } from "../../support/upstream.ts";

const NOW = 1_800_000_000_000;
const NOTHING: PurgeUpdates = { purges: [], purgedBefore: 0, latest: 0 };

const config = createConfig({ LEASE_SECONDS: "10" });

const entry = (fields: Partial<Entry>): Entry => ({
  organizationId: "organization-1",
  slug: "acme",
  externalId: "crm|1",
  body: new Uint8Array(0),
  etag: "",
  requestedAt: 0,
  receivedAt: 0,
  purgeEpoch: 0,
  ...fields,
});

/** An isolate, its clock, and a Directory whose answers are made by hand. */
function isolate(ask: PurgeSource["fetchUpdates"] = async () => NOTHING) {
  const purges = createPurgeList();
  const asked = vi.fn<PurgeSource["fetchUpdates"]>(ask);
  const behind: Promise<unknown>[] = [];
  let now = NOW;
  const asking = {
    fetchUpdates: asked,
    wait: async () => await new Promise<void>((resolve) => setTimeout(resolve, 0)),
    now: () => now,
    waitUntil: (work: Promise<unknown>) => void behind.push(work),
  };
  return {
    purges,
    asked,
    behind: async () => await Promise.all(behind.splice(0)),
    at: (seconds: number) => {
      now = NOW + seconds * 1_000;
    },
    renew: () => ensureSynced(purges, config, asking),
  };
}

describe("an entry", () => {
  test.each(["organization-1", "acme", "crm|1"])("does not survive a later purge of %s", (name) => {
    const purges = createPurgeList();
    addPurge(purges, { name, sequence: 7 });
    expect(survivesPurges(purges, entry({ purgeEpoch: 6 }))).toBe(false);
    expect(survivesPurges(purges, entry({ purgeEpoch: 7 }))).toBe(true);
  });

  test("is not concerned by a purge of another, or of a name that it no longer bears", () => {
    const purges = createPurgeList();
    for (const name of ["organization-2", "Acme", "old-slug", "", "null"])
      addPurge(purges, { name, sequence: 7 });
    expect(survivesPurges(purges, entry({}))).toBe(true);
    expect(survivesPurges(purges, entry({ externalId: null }))).toBe(true);
  });

  test("from before the floor does not survive, whatever it is called", () => {
    const purges = createPurgeList();
    purges.purgedBefore = 5;
    expect(survivesPurges(purges, entry({ purgeEpoch: 4 }))).toBe(false);
    expect(survivesPurges(purges, entry({ purgeEpoch: 5 }))).toBe(true);
  });
});

describe("the list", () => {
  test("of purges in any order, however often, ends what the latest under each name ends", () => {
    const purge = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      sequence: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(purge, { maxLength: 30 }), (given) => {
        const purges = createPurgeList();
        for (const one of given) addPurge(purges, one);
        for (const name of ["a", "b", "c"]) {
          const numbers = given.filter((one) => one.name === name).map(({ sequence }) => sequence);
          expect(latestPurgeOf(purges, [name])).toBe(Math.max(0, ...numbers));
        }
        expect(purges.latestSeen).toBe(Math.max(0, ...given.map(({ sequence }) => sequence)));
      }),
    );
  });

  test("is bounded: what falls out at its end stands for all that came before it", () => {
    const purges = createPurgeList();
    for (let sequence = 1; sequence <= MAX_PURGES + 2; sequence += 1)
      addPurge(purges, { name: `n${sequence}`, sequence });
    expect(purges.sequences.size).toBe(MAX_PURGES);
    expect(purges.purgedBefore).toBe(2);
    expect(survivesPurges(purges, entry({ purgeEpoch: 1 }))).toBe(false);
    expect(survivesPurges(purges, entry({ purgeEpoch: 2 }))).toBe(true);
    // A name that is purged again is young again.
    addPurge(purges, { name: "n3", sequence: MAX_PURGES + 3 });
    addPurge(purges, { name: "one more", sequence: MAX_PURGES + 4 });
    expect(purges.sequences.has("n3")).toBe(true);
    expect(purges.sequences.has("n4")).toBe(false);
  });
});

describe("the Directory", () => {
  const purged = (name: string, sequence: number): PurgeUpdates => ({
    purges: [{ name, sequence }],
    purgedBefore: 0,
    latest: sequence,
  });

  test("is asked before the first answer, and then for what came after", async () => {
    const one = isolate(async (after) => (after === 0 ? purged("acme", 7) : purged("other", 9)));
    expect(await one.renew()).toBe(true);
    expect(latestPurgeOf(one.purges, ["acme"])).toBe(7);
    one.at(10);
    expect(await one.renew()).toBe(true);
    expect(one.asked.mock.calls).toEqual([[0], [7]]);
    expect(latestPurgeOf(one.purges, ["acme", "other"])).toBe(9);
    expect(one.purges.latestSeen).toBe(9);
  });

  test("is not asked for half a lease, then behind an answer, and from the whole lease on before it", async () => {
    const one = isolate();
    await one.renew();
    one.at(4.999);
    expect(one.renew()).toBeNull();
    expect(one.asked).toHaveBeenCalledTimes(1);
    one.at(5);
    expect(one.renew()).toBeNull();
    expect(one.renew()).toBeNull();
    expect(one.asked).toHaveBeenCalledTimes(2);
    await one.behind();
    one.at(14.999);
    expect(one.renew()).toBeNull();
    await one.behind();
    one.at(24.999);
    expect(one.renew()).not.toBeNull();
  });

  test("makes a list as old as the question, however late it answers", async () => {
    const answers = [deferred<PurgeUpdates>(), deferred<PurgeUpdates>()];
    let asked = 0;
    const one = isolate(async () => (await answers[asked++]?.promise) ?? NOTHING);
    const renewal = one.renew();
    one.at(9);
    answers[0]?.resolve(NOTHING);
    await renewal;
    one.at(10);
    expect(one.renew()).not.toBeNull();
  });

  test("by an answer that is overtaken takes nothing back", async () => {
    const answers = [deferred<PurgeUpdates>(), deferred<PurgeUpdates>()];
    let asked = 0;
    const one = isolate(async () => (await answers[asked++]?.promise) ?? NOTHING);
    const first = one.renew();
    one.at(1);
    const second = one.renew();
    answers[1]?.resolve(purged("acme", 7));
    await second;
    answers[0]?.resolve(NOTHING);
    await first;
    expect(one.purges).toMatchObject({ syncedThrough: 7, latestSeen: 7, syncedAt: NOW + 1_000 });
    expect(latestPurgeOf(one.purges, ["acme"])).toBe(7);
  });

  test("that fails is waited for once in a lease, is asked behind answers meanwhile, and is believed when it is back", async () => {
    let fails = true;
    const one = isolate(async () => {
      if (fails) throw new Error("the directory is gone");
      return purged("acme", 7);
    });
    expect(await one.renew()).toBe(false);
    one.at(1);
    expect(one.renew()).toBeNull();
    await one.behind();
    expect(one.asked).toHaveBeenCalledTimes(2);
    one.at(11);
    expect(await one.renew()).toBe(false);
    fails = false;
    one.at(14);
    expect(one.renew()).toBeNull();
    await one.behind();
    expect(latestPurgeOf(one.purges, ["acme"])).toBe(7);
    one.at(17);
    expect(one.renew()).toBeNull();
  });

  test("that failed behind an answer is not asked at every answer, and is waited for when the list is too old", async () => {
    const one = isolate();
    await one.renew();
    one.asked.mockImplementation(async () => await Promise.reject(new Error("gone")));
    for (const seconds of [6, 6.5, 7, 7.999]) {
      one.at(seconds);
      expect(one.renew()).toBeNull();
      await one.behind();
    }
    expect(one.asked).toHaveBeenCalledTimes(2);
    one.at(10);
    one.asked.mockImplementation(async () => purged("acme", 7));
    expect(await one.renew()).toBe(true);
    expect(latestPurgeOf(one.purges, ["acme"])).toBe(7);
  });

  test("is asked once for all who wait in the isolate, and they share what comes of it", async () => {
    const answer = deferred<PurgeUpdates>();
    const one = isolate(async () => await answer.promise);
    const waiting = Array.from({ length: 50 }, () => one.renew());
    answer.resolve(purged("acme", 7));
    expect(await Promise.all(waiting)).toEqual(Array(50).fill(true));
    expect(one.asked).toHaveBeenCalledTimes(1);
    expect(latestPurgeOf(one.purges, ["acme"])).toBe(7);
  });

  test("that fails who asked fails those who waited; where whoever asked was cut off, another asks", async () => {
    const answer = deferred<PurgeUpdates>();
    const one = isolate(async () => await answer.promise);
    const waiting = [one.renew(), one.renew()];
    answer.reject(new Error("gone"));
    expect(await Promise.all(waiting)).toEqual([false, false]);
    const other = isolate();
    other.purges.blockingSyncAt = NOW - 1;
    expect(await Promise.all([other.renew(), other.renew()])).toEqual([true, true]);
    expect(other.asked).toHaveBeenCalled();
    expect(other.purges.blockingSyncAt).toBeUndefined();
  });

  test("that hangs behind an answer makes way for the next when it must be over", async () => {
    const one = isolate();
    await one.renew();
    one.asked.mockImplementation(async () => await new Promise<never>(() => {}));
    one.at(6);
    expect(one.renew()).toBeNull();
    one.at(7.999);
    expect(one.renew()).toBeNull();
    expect(one.asked).toHaveBeenCalledTimes(2);
    one.at(8);
    expect(one.renew()).toBeNull();
    expect(one.asked).toHaveBeenCalledTimes(3);
  });

  test("is asked anew where the clock has gone back behind the list", async () => {
    const one = isolate();
    await one.renew();
    one.at(-1);
    expect(await one.renew()).toBe(true);
    one.at(0);
    expect(one.renew()).toBeNull();
  });

  test("that lists nothing any more, but everything before some purge, ends all that is older", async () => {
    const one = isolate(async () => ({ purges: [], purgedBefore: 5, latest: 9 }));
    await one.renew();
    expect(survivesPurges(one.purges, entry({ purgeEpoch: 4 }))).toBe(false);
    expect(survivesPurges(one.purges, entry({ purgeEpoch: 9 }))).toBe(true);
  });
});

test("a list that nobody answered for says nothing, and forgets nothing", async () => {
  const one = isolate(async () => await Promise.reject(new Error("gone")));
  const before: PurgeList = one.purges;
  addPurge(before, { name: "acme", sequence: 3 });
  await one.renew();
  expect(latestPurgeOf(one.purges, ["acme"])).toBe(3);
});
