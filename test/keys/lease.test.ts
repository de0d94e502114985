import { describe, expect, test, vi } from "vitest";
import { type Lease, Leases } from "../../src/keys/lease.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { recordOf } from "../support/record.ts";

const KEY_ID = "0000000000000000";

const record = (name: string) => recordOf({ key_id: KEY_ID, name });

/** An isolate whose clock is set, and whose questions are answered, by hand. */
function isolate() {
  const leases = new Leases({ leaseSeconds: 10, leaseGraceSeconds: 60 });
  const clock = { seconds: 1_000 };
  const questions: PromiseWithResolvers<KeyRecord | null>[] = [];
  const behind: Promise<unknown>[] = [];
  const ask = vi.fn<(keyId: string, inFront: boolean) => Promise<KeyRecord | null>>(async () => {
    const question = Promise.withResolvers<KeyRecord | null>();
    questions.push(question);
    return await question.promise;
  });
  const hold = async (keyId = KEY_ID): Promise<Lease | null> => {
    const key = { keyId, generation: 1 };
    const source = {
      fetchLease: ask,
      now: () => clock.seconds * 1_000,
      waitUntil: (work: Promise<unknown>) => void behind.push(work),
    };
    return leases.cachedLease(key, source) ?? (await leases.acquireLease(key, source));
  };
  /** Settles the question of this number, and lets all that hangs on it happen. */
  const answer = async (number: number, given: KeyRecord | null | Error) => {
    if (given instanceof Error) questions[number]?.reject(given);
    else questions[number]?.resolve(given);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  /** Asks, and has it answered at once. */
  const known = async (given: KeyRecord | null = record("first")) => {
    const leased = hold();
    await answer(questions.length - 1, given);
    return await leased;
  };
  return { leases, clock, questions, behind, ask, hold, answer, known };
}

/** An isolate that has held the key for this many seconds. */
async function aged(seconds: number, given?: KeyRecord | null) {
  const one = isolate();
  await one.known(given);
  one.clock.seconds += seconds;
  return one;
}

const held = (name: string, grace = false) => expect.objectContaining({ record: record(name), grace });
const DOWN = new Error("object down");

describe("a key that is not known", () => {
  test("is asked for, and the answer stands", async () => {
    const { known, ask, behind } = isolate();
    expect(await known()).toEqual(held("first"));
    expect(ask.mock.calls).toEqual([[KEY_ID, true]]);
    expect(behind).toEqual([]);
  });

  test("that was never issued is on a lease as well: it is not asked for with every call", async () => {
    const { known, hold, ask } = isolate();
    expect(await known(null)).toMatchObject({ record: null, grace: false });
    expect(await hold()).toMatchObject({ record: null, grace: false });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test("is unavailable while its object fails, and asked for again by the next call", async () => {
    const { hold, answer, known } = isolate();
    const first = hold();
    await answer(0, DOWN);
    expect(await first).toBeNull();
    expect(await known()).toEqual(held("first"));
  });
});

describe("a lease of 10 seconds", () => {
  test("costs no call under half its time", async () => {
    const { hold, ask, behind } = await aged(4.999);
    expect(await hold()).toEqual(held("first"));
    expect(ask).toHaveBeenCalledTimes(1);
    expect(behind).toEqual([]);
  });

  test("is renewed behind the answer from half its time on, which does not wait", async () => {
    const { hold, ask, behind, answer } = await aged(5);
    expect(await hold()).toEqual(held("first"));
    expect(ask.mock.calls.slice(1)).toEqual([[KEY_ID, false]]);
    expect(behind).toHaveLength(1);
    await answer(1, record("second"));
    expect(await hold()).toEqual(held("second"));
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("is renewed once at a time, however many calls come", async () => {
    const { clock, hold, ask } = await aged(5);
    await Promise.all(Array.from({ length: 20 }, async () => await hold()));
    clock.seconds += 1.999;
    await hold();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("has one renewal more when one hung for too long, and not a third when the one that hung comes back first", async () => {
    const { clock, hold, ask, answer } = await aged(5);
    await hold();
    clock.seconds += 2;
    expect(await hold()).toEqual(held("first"));
    expect(ask).toHaveBeenCalledTimes(3);
    await answer(1, DOWN);
    clock.seconds += 0.1;
    await hold();
    expect(ask).toHaveBeenCalledTimes(3);
  });

  test("outlives a renewal that fails, which neither rejects nor keeps the next from trying", async () => {
    const { hold, ask, behind, answer } = await aged(5);
    await hold();
    await answer(1, DOWN);
    await expect(behind[0]).resolves.toBeUndefined();
    expect(await hold()).toEqual(held("first"));
    expect(ask).toHaveBeenCalledTimes(3);
  });

  test("is used to its last millisecond, and then the object is asked first", async () => {
    const { clock, hold, ask, answer, behind } = await aged(9.999);
    expect(await hold()).toEqual(held("first"));
    expect(behind).toHaveLength(1);
    clock.seconds += 0.001;
    const leased = hold();
    expect(ask).toHaveBeenCalledTimes(3);
    await answer(2, record("second"));
    expect(await leased).toEqual(held("second"));
  });

  test("counts from when the object was asked, however late it answers", async () => {
    const { clock, hold, answer, ask } = isolate();
    const first = hold();
    clock.seconds += 4;
    await answer(0, record("first"));
    await first;
    clock.seconds += 5.999;
    await hold();
    expect(ask).toHaveBeenCalledTimes(2);
    clock.seconds += 0.001;
    const late = hold();
    await answer(2, record("second"));
    expect(await late).toEqual(held("second"));
  });
});

describe("while the object fails", () => {
  async function past(seconds: number, given: KeyRecord | null = record("first")): Promise<Lease | null> {
    const { hold, answer } = await aged(seconds, given);
    const leased = hold();
    await answer(1, DOWN);
    return await leased;
  }

  test("a lease that is over is honoured for the grace, to its last millisecond", async () => {
    expect(await past(10)).toEqual(held("first", true));
    expect(await past(69.999)).toEqual(held("first", true));
  });

  test("and not a millisecond more", async () => {
    expect(await past(70)).toBeNull();
  });

  test("the grace is over when the object's failure comes too late for it", async () => {
    const { clock, hold, answer } = await aged(69.9);
    const leased = hold();
    clock.seconds += 0.1;
    await answer(1, DOWN);
    expect(await leased).toBeNull();
  });

  test("a key that was never issued has no grace: it may have been issued since", async () => {
    expect(await past(10, null)).toBeNull();
  });

  test("every call asks again, and the first answer ends the grace", async () => {
    const { hold, answer, ask } = await aged(20);
    const failing = hold();
    await answer(1, DOWN);
    expect(await failing).toEqual(held("first", true));
    const working = hold();
    expect(ask).toHaveBeenCalledTimes(3);
    await answer(2, { ...record("first"), revoked_at: "2026-02-01T00:00:00Z" });
    expect(await working).toMatchObject({ grace: false, record: { revoked_at: "2026-02-01T00:00:00Z" } });
  });
});

describe("answers that come out of order", () => {
  test("the one to the later question stands, for both who asked", async () => {
    const { clock, hold, answer, ask } = isolate();
    const earlier = hold();
    clock.seconds += 0.5;
    const later = hold();
    await answer(1, { ...record("later"), revoked_at: "2026-02-01T00:00:00Z" });
    await answer(0, record("earlier"));
    expect(await later).toMatchObject({ record: { name: "later" } });
    expect(await earlier).toMatchObject({ record: { name: "later" } });
    expect(await hold()).toMatchObject({ record: { name: "later" } });
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("a renewal begun before a revocation does not bring the key back", async () => {
    const { clock, hold, answer } = await aged(9);
    await hold();
    clock.seconds += 1;
    const after = hold();
    await answer(2, { ...record("first"), revoked_at: "2026-02-01T00:00:00Z" });
    await after;
    await answer(1, record("first"));
    expect(await hold()).toMatchObject({ record: { revoked_at: "2026-02-01T00:00:00Z" } });
  });
});

test("an isolate holds 5,000 leases, and the one asked for longest ago goes first", async () => {
  const { leases, clock, hold, ask } = isolate();
  ask.mockImplementation(async (keyId) => ({ ...record("any"), key_id: keyId }));
  for (let number = 0; number <= 5_000; number += 1) {
    await hold(`key-${number}`);
    // A lease that is renewed is not the oldest any more.
    if (number === 4_999) {
      clock.seconds += 10;
      await hold("key-0");
    }
  }
  expect(leases.size).toBe(5_000);
  expect(leases.latestRecord("key-0")).not.toBeNull();
  expect(leases.latestRecord("key-1")).toBeNull();
  expect(leases.latestRecord("key-5000")).not.toBeNull();
});
