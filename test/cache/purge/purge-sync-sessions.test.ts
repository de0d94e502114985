/** When an isolate asks the Directory before it answers a session, whose revocation it must not miss. */
import { expect, test } from "vitest";
import { fail, NOTHING, syncedIsolate } from "../../support/purge-sync.ts";

/** An isolate that has synced at 0 s, with a lease of 10 s and a grace of 20 s. The Directory fails while `isDown`. */
async function syncedOnce() {
  const directory = { isDown: false };
  const isolate = syncedIsolate(async () => (directory.isDown ? await fail() : NOTHING));
  isolate.at(0);
  expect(await isolate.ensureCurrent()).toBe("current");
  isolate.fetchUpdates.mockClear();
  return { ...isolate, directory };
}

test("an isolate without a list asks the Directory before it answers a session", async () => {
  const isolate = syncedIsolate();
  const status = isolate.ensureCurrent();
  expect(status).toBeInstanceOf(Promise);
  expect(await status).toBe("current");
  expect(isolate.fetchUpdates).toHaveBeenCalledTimes(1);
});

test("a list under half a lease answers sessions without I/O", async () => {
  const { at, ensureCurrent, fetchUpdates } = await syncedOnce();
  at(4.999);
  expect(ensureCurrent()).toBe("current");
  expect(fetchUpdates).not.toHaveBeenCalled();
});

test("a list under a lease answers sessions at once, and is synced in the background", async () => {
  const { at, background, ensureCurrent, fetchUpdates } = await syncedOnce();
  at(9.999);
  expect(ensureCurrent()).toBe("current");
  await background();
  expect(fetchUpdates).toHaveBeenCalledTimes(1);
  at(10);
  expect(ensureCurrent()).toBe("current");
});

test("a session waits for the Directory if the list is as old as a lease", async () => {
  const { at, ensureCurrent, fetchUpdates } = await syncedOnce();
  at(10);
  expect(await ensureCurrent()).toBe("current");
  expect(fetchUpdates).toHaveBeenCalledTimes(1);
});

test("a list in its grace is used, and the Directory asked once in a lease", async () => {
  const { at, background, directory, ensureCurrent, fetchUpdates } = await syncedOnce();
  directory.isDown = true;
  at(10);
  expect(await ensureCurrent()).toBe("grace");
  expect(fetchUpdates).toHaveBeenCalledTimes(1);
  at(11);
  expect(ensureCurrent()).toBe("grace");
  await background();
  at(29.999);
  expect(await ensureCurrent()).toBe("grace");
  at(30);
  expect(await ensureCurrent()).toBe("outdated");
});

test("after the grace each session asks, and the first answer ends the outage", async () => {
  const { at, directory, ensureCurrent, fetchUpdates } = await syncedOnce();
  directory.isDown = true;
  at(30);
  expect(await ensureCurrent()).toBe("outdated");
  expect(await ensureCurrent()).toBe("outdated");
  expect(fetchUpdates).toHaveBeenCalledTimes(2);
  directory.isDown = false;
  expect(await ensureCurrent()).toBe("current");
});

test("in the grace, the background sync finds a Directory that works again", async () => {
  const { at, background, directory, ensureCurrent } = await syncedOnce();
  directory.isDown = true;
  at(10);
  expect(await ensureCurrent()).toBe("grace");
  await background();
  directory.isDown = false;
  at(12);
  expect(ensureCurrent()).toBe("grace");
  await background();
  expect(ensureCurrent()).toBe("current");
});

test("an isolate without a list cannot check a session while the Directory fails", async () => {
  const isolate = syncedIsolate(fail);
  expect(await isolate.ensureCurrent()).toBe("outdated");
  // A key's read goes on without the list meanwhile.
  expect(isolate.ensureSynced()).toBeNull();
});

test("a list from before the clock was set back is not used for a session", async () => {
  const { at, directory, ensureCurrent } = await syncedOnce();
  directory.isDown = true;
  at(-1);
  expect(await ensureCurrent()).toBe("outdated");
});

test("sessions that wait at once share one call of the Directory", async () => {
  const isolate = syncedIsolate();
  expect(
    await Promise.all([isolate.ensureCurrent(), isolate.ensureCurrent(), isolate.ensureSynced()]),
  ).toEqual(["current", "current", true]);
  expect(isolate.fetchUpdates).toHaveBeenCalledTimes(1);
});
