import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/keys/lease.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { createLeases, KEY_ID, record } from "../support/leases.ts";

/** The same, with a lease of this age. */
async function createLease(ageSeconds: number, result?: KeyRecord | null) {
  const created = createLeases();
  await created.useAnswered(result);
  created.clock.seconds += ageSeconds;
  created.background.length = 0;
  return created;
}

const leaseOf = (name: string, grace = false) => expect.objectContaining({ record: record(name), grace });
const DOWN = new Error("object down");

describe("an unknown key", () => {
  test("an unknown key is requested from its object, and the answer becomes the lease", async () => {
    const { useAnswered, fetchLease, background } = createLeases();
    expect(await useAnswered()).toEqual(leaseOf("first"));
    expect(fetchLease.mock.calls).toEqual([[KEY_ID, true]]);
    // The question itself, which outlives the request if others wait for it.
    expect(background).toHaveLength(1);
  });

  test("a key that was never issued has a lease too, so it is requested once", async () => {
    const { useAnswered, useLease, fetchLease } = createLeases();
    expect(await useAnswered(null)).toMatchObject({ record: null, grace: false });
    expect(await useLease()).toMatchObject({ record: null, grace: false });
    expect(fetchLease).toHaveBeenCalledTimes(1);
  });

  test("an unknown key has no lease while its object fails, and the next call retries", async () => {
    const { useLease, answer, useAnswered } = createLeases();
    const first = useLease();
    await answer(0, DOWN);
    expect(await first).toBeNull();
    expect(await useAnswered()).toEqual(leaseOf("first"));
  });
});

describe("a lease of 10 seconds", () => {
  test("a lease is used without an object call until its last second", async () => {
    const { useLease, fetchLease, background } = await createLease(8.999);
    expect(await useLease()).toEqual(leaseOf("first"));
    expect(fetchLease).toHaveBeenCalledTimes(1);
    expect(background).toEqual([]);
  });

  test("a lease is renewed in the background in its last second", async () => {
    const { useLease, fetchLease, background, answer } = await createLease(9);
    expect(await useLease()).toEqual(leaseOf("first"));
    expect(fetchLease.mock.calls.slice(1)).toEqual([[KEY_ID, false]]);
    expect(background).toHaveLength(1);
    await answer(1, record("second"));
    expect(await useLease()).toEqual(leaseOf("second"));
    expect(fetchLease).toHaveBeenCalledTimes(2);
  });

  test("a lease has one renewal at a time, however many calls use it", async () => {
    const { clock, useLease, fetchLease } = await createLease(9);
    await Promise.all(Array.from({ length: 20 }, async () => await useLease()));
    clock.seconds += 0.999;
    await useLease();
    expect(fetchLease).toHaveBeenCalledTimes(2);
  });

  test("a renewal that hangs is followed by one other renewal, even if it ends first", async () => {
    const { clock, renew, fetchLease, answer } = await createLease(1);
    renew();
    clock.seconds += 1.999;
    renew();
    expect(fetchLease).toHaveBeenCalledTimes(2);
    clock.seconds += 0.001;
    renew();
    expect(fetchLease).toHaveBeenCalledTimes(3);
    await answer(1, DOWN);
    clock.seconds += 0.1;
    renew();
    expect(fetchLease).toHaveBeenCalledTimes(3);
  });

  test("a renewal that fails keeps the lease, does not reject, and is tried again", async () => {
    const { useLease, fetchLease, background, answer } = await createLease(9);
    await useLease();
    await answer(1, DOWN);
    await expect(background[0]).resolves.toBeUndefined();
    expect(await useLease()).toEqual(leaseOf("first"));
    expect(fetchLease).toHaveBeenCalledTimes(3);
  });

  test("a lease is used until its last millisecond; then the call waits for the object", async () => {
    const { clock, useLease, fetchLease, answer, background } = await createLease(9.999);
    expect(await useLease()).toEqual(leaseOf("first"));
    expect(background).toHaveLength(1);
    clock.seconds += 0.001;
    const lease = useLease();
    expect(fetchLease).toHaveBeenCalledTimes(3);
    await answer(2, record("second"));
    expect(await lease).toEqual(leaseOf("second"));
  });

  test("the age of a lease counts from the request, however late the answer arrives", async () => {
    const { clock, useLease, answer, fetchLease } = createLeases();
    const first = useLease();
    clock.seconds += 4;
    await answer(0, record("first"));
    await first;
    clock.seconds += 5.999;
    await useLease();
    expect(fetchLease).toHaveBeenCalledTimes(2);
    clock.seconds += 0.001;
    const late = useLease();
    await answer(2, record("second"));
    expect(await late).toEqual(leaseOf("second"));
  });
});

describe("the grace time", () => {
  async function useWhileObjectFails(
    ageSeconds: number,
    result: KeyRecord | null = record("first"),
  ): Promise<Lease | null> {
    const { useLease, answer } = await createLease(ageSeconds, result);
    const lease = useLease();
    await answer(1, DOWN);
    return await lease;
  }

  test("an expired lease is used until the last millisecond of the grace time", async () => {
    expect(await useWhileObjectFails(10)).toEqual(leaseOf("first", true));
    expect(await useWhileObjectFails(69.999)).toEqual(leaseOf("first", true));
  });

  test("an expired lease is not used at the end of the grace time", async () => {
    expect(await useWhileObjectFails(70)).toBeNull();
  });

  test("an expired lease is not used if the grace time ends before the object fails", async () => {
    const { clock, useLease, answer } = await createLease(69.9);
    const lease = useLease();
    clock.seconds += 0.1;
    await answer(1, DOWN);
    expect(await lease).toBeNull();
  });

  test("a key that was never issued has no grace time, since it may exist by now", async () => {
    expect(await useWhileObjectFails(10, null)).toBeNull();
  });

  test("every call in the grace time asks again, and the first answer ends it", async () => {
    const { useLease, answer, fetchLease } = await createLease(20);
    const failing = useLease();
    await answer(1, DOWN);
    expect(await failing).toEqual(leaseOf("first", true));
    const working = useLease();
    expect(fetchLease).toHaveBeenCalledTimes(3);
    await answer(2, { ...record("first"), revoked_at: "2026-02-01T00:00:00Z" });
    expect(await working).toMatchObject({ grace: false, record: { revoked_at: "2026-02-01T00:00:00Z" } });
  });
});

describe("answers out of order", () => {
  test("the answer to the later request counts for both requests", async () => {
    const { clock, useLease, askForToken, answer, fetchLease } = createLeases();
    const earlier = useLease();
    clock.seconds += 0.5;
    const later = askForToken();
    await answer(1, { ...record("later"), revoked_at: "2026-02-01T00:00:00Z" });
    await answer(0, record("earlier"));
    expect(await later).toMatchObject({ record: { name: "later" } });
    expect(await earlier).toMatchObject({ record: { name: "later" } });
    expect(await useLease()).toMatchObject({ record: { name: "later" } });
    expect(fetchLease).toHaveBeenCalledTimes(2);
  });

  test("a renewal that began before a revocation does not restore the key", async () => {
    const { clock, useLease, answer } = await createLease(9);
    await useLease();
    clock.seconds += 1;
    const after = useLease();
    await answer(2, { ...record("first"), revoked_at: "2026-02-01T00:00:00Z" });
    await after;
    await answer(1, record("first"));
    expect(await useLease()).toMatchObject({ record: { revoked_at: "2026-02-01T00:00:00Z" } });
  });
});

test("an isolate keeps 5,000 leases, and evicts the one renewed longest ago first", async () => {
  const { leases, clock, useLease, fetchLease } = createLeases();
  fetchLease.mockImplementation(async (keyId) => ({ ...record("any"), key_id: keyId }));
  for (let number = 0; number <= 5_000; number += 1) {
    await useLease(`key-${number}`);
    // A renewed lease is no longer the oldest.
    if (number === 4_999) {
      clock.seconds += 10;
      await useLease("key-0");
    }
  }
  expect(leases.size).toBe(5_000);
  expect(leases.latestRecord("key-0")).not.toBeNull();
  expect(leases.latestRecord("key-1")).toBeNull();
  expect(leases.latestRecord("key-5000")).not.toBeNull();
});
