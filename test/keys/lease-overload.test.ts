/** A key's object that is overloaded: it is left alone, and calls go on as if it failed. */
import { expect, test } from "vitest";
import { createLeases, record } from "../support/leases.ts";

const OVERLOADED = Object.assign(new Error("too much"), { overloaded: true });

/** A lease in its grace time whose object has been found overloaded so often, in a row. */
async function createOverloaded(calls: number) {
  const created = createLeases();
  await created.useAnswered();
  created.clock.seconds += 20;
  for (let call = 1; call <= calls; call += 1) {
    const lease = created.useLease();
    await created.answer(call, OVERLOADED);
    expect(await lease).toMatchObject({ grace: true, record: record("first") });
  }
  return created;
}

test("a key whose object is overloaded twice is honoured in its grace time without a call", async () => {
  const { useLease, fetchLease, clock } = await createOverloaded(2);
  for (const seconds of [0, 1, 0.999]) {
    clock.seconds += seconds;
    expect(await useLease()).toMatchObject({ grace: true, record: record("first") });
  }
  expect(fetchLease).toHaveBeenCalledTimes(3);
});

test("after the pause the object is asked again, and what it says counts", async () => {
  const { useLease, answer, clock, fetchLease } = await createOverloaded(2);
  clock.seconds += 2;
  const lease = useLease();
  await answer(3, { ...record("first"), revoked_at: "2026-02-01T00:00:00Z" });
  expect(await lease).toMatchObject({ grace: false, record: { revoked_at: "2026-02-01T00:00:00Z" } });
  expect(fetchLease).toHaveBeenCalledTimes(4);
});

test("an overload pauses the questions for tokens and the renewals of the key, too", async () => {
  const { askForToken, renew, fetchLease, background } = await createOverloaded(2);
  background.length = 0;
  await expect(askForToken()).rejects.toThrow("overloaded");
  renew();
  expect(background).toEqual([]);
  expect(fetchLease).toHaveBeenCalledTimes(3);
});

test("a rotated key asks during a pause, since its object must have answered since", async () => {
  const { useLease, answer, fetchLease } = await createOverloaded(2);
  const lease = useLease(undefined, 2);
  await answer(3, { ...record("rotated"), generation: 2 });
  expect(await lease).toMatchObject({ grace: false, record: { name: "rotated" } });
  expect(fetchLease).toHaveBeenCalledTimes(4);
});

test("a pause is no longer than a lease, and one key's overload pauses no other key", async () => {
  const { useLease, answer, clock, fetchLease } = await createOverloaded(2);
  for (const [number, pauseSeconds] of [2, 4, 8, 10, 10].entries()) {
    clock.seconds += pauseSeconds - 0.001;
    await useLease();
    expect(fetchLease).toHaveBeenCalledTimes(3 + number);
    clock.seconds += 0.001;
    const lease = useLease();
    await answer(3 + number, OVERLOADED);
    await lease;
    expect(fetchLease).toHaveBeenCalledTimes(4 + number);
  }
  void useLease("1111111111111111");
  expect(fetchLease).toHaveBeenCalledTimes(9);
});
