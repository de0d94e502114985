/** What an object knows of its key in KV; the test ends each write by hand. */
import { beforeEach, expect, test, vi } from "vitest";
import { KvMirror } from "../../../src/cache/object/kv-mirror.ts";
import { entryOf } from "../../support/cached.ts";
import { NOW, useClock } from "../../support/clock.ts";
import { createConfig } from "../../support/config.ts";
import { deferred } from "../../support/upstream.ts";

const { cache } = createConfig();

const entry = (requestedAt: number) =>
  entryOf({ body: new Uint8Array(1), requestedAt, receivedAt: NOW + requestedAt });

const clock = useClock();
/** The storage of the object. */
let stored: Map<string, unknown>;
/** Writes of KV in progress, the oldest first. */
let writing: ReturnType<typeof deferred<undefined>>[];
let done: string[];
let background: Promise<void>[];

beforeEach(() => {
  vi.spyOn(scheduler, "wait").mockImplementation(async () => {});
  [stored, writing, done, background] = [new Map(), [], [], []];
});

/** The mirror of an object that starts, for the first time or after an eviction. */
function startMirror(): KvMirror {
  const call = async (what: string) => {
    const end = deferred<undefined>();
    writing.push(end);
    await end.promise;
    done.push(what);
  };
  const kv = { put: async () => await call("put"), delete: async () => await call("delete") };
  return new KvMirror({
    storage: {
      get: (key: string) => stored.get(key),
      put: (key: string, value: unknown) => void stored.set(key, value),
      delete: (key: string) => stored.delete(key),
    } as unknown as SyncKvStorage,
    scope: () => ({ kv: kv as unknown as KVNamespace, projectId: "project-test-1" }),
    cache: () => cache,
    waitUntil: (work) => void background.push(work),
  });
}

/** Ends the writes in progress, and those that follow. */
async function settle(): Promise<void> {
  let isOver = false;
  const over = Promise.all(background).then(() => {
    isOver = true;
  });
  while (!isOver) {
    for (const one of writing) one.resolve(undefined);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await over;
}

test("after an eviction, an unchanged organization is not written again", async () => {
  startMirror().mirrorEntry(entry(1));
  await settle();
  const again = startMirror();
  expect(again).toMatchObject({ mirroredAt: 1, mayExist: true });
  again.mirrorEntry(entry(2));
  await settle();
  expect(done).toEqual(["put"]);
});

test("a write that ends after a clear leaves nothing in KV, nor in the storage", async () => {
  for (const write of [
    (mirror: KvMirror) => mirror.mirrorEntry(entry(1)),
    (mirror: KvMirror) => mirror.mirrorAlias("acme", "organization-1"),
  ]) {
    const mirror = startMirror();
    write(mirror);
    await vi.waitFor(() => expect(writing).toHaveLength(1));
    mirror.clear("acme", "known");
    await settle();
    expect(done.splice(0)).toEqual(["put", "delete"]);
    writing = [];
    expect(stored.size).toBe(0);
    expect(startMirror().mayExist).toBeUndefined();
  }
});

test("a value that ends before it is written is not written", async () => {
  const begins = deferred<void>();
  vi.spyOn(scheduler, "wait").mockImplementation(async () => await begins.promise);
  const mirror = startMirror();
  mirror.mirrorEntry(entry(1));
  mirror.clear("acme", "known");
  expect(writing).toEqual([]);
  begins.resolve();
  await settle();
  expect(done).toEqual(["delete"]);
  expect(stored.size).toBe(0);
});

test("a delete that nothing is ahead of begins at once", () => {
  startMirror().clear("acme", "possible");
  expect(writing).toHaveLength(1);
  expect(scheduler.wait).not.toHaveBeenCalled();
});

test("an alias is stored before KV takes it, and even if KV never does", async () => {
  const mirror = startMirror();
  mirror.mirrorAlias("acme", "organization-1");
  expect(startMirror().aliasOf).toBe("organization-1");
  for (let at = 0; at < 3; at += 1) {
    await vi.waitFor(() => expect(writing).toHaveLength(at + 1));
    writing[at]?.reject(new Error("429"));
  }
  await Promise.all(background);
  expect(startMirror()).toMatchObject({ aliasOf: "organization-1", mayExist: true });
  // The next answer tries again.
  mirror.mirrorAlias("acme", "organization-1");
  await settle();
  expect(done).toEqual(["put"]);
  startMirror().mirrorAlias("acme", "organization-1");
  await settle();
  expect(done).toEqual(["put"]);
});

test("an alias is written again if it changes, or after half a week", async () => {
  const mirror = startMirror();
  for (const [days, organizationId] of [
    [0, "organization-1"],
    [3.4, "organization-1"],
    [3.5, "organization-1"],
    [3.6, "organization-2"],
  ] as const) {
    clock.at(days * 86_400);
    mirror.mirrorAlias("acme", organizationId);
    await settle();
  }
  expect(done).toEqual(["put", "put", "put"]);
});

test("an empty key is not deleted twice, and an unknown one only by a purge", async () => {
  const mirror = startMirror();
  mirror.clear("acme", "known");
  await settle();
  expect(done).toEqual([]);
  mirror.clear("acme", "possible");
  await settle();
  mirror.clear("acme", "possible");
  await settle();
  expect(done).toEqual(["delete"]);
  mirror.mirrorEntry(entry(1));
  await settle();
  mirror.clear("acme", "possible");
  await settle();
  expect(done).toEqual(["delete", "put", "delete"]);
});

test("33 avoidable reads since the last write cause the next one", async () => {
  const mirror = startMirror();
  mirror.mirrorEntry(entry(1));
  await settle();
  for (let calls = 1; calls <= 32; calls += 1) mirror.countAvoidableRead(entry(2), null);
  expect(done).toEqual(["put"]);
  mirror.countAvoidableRead(entry(2), null);
  await settle();
  expect(done).toEqual(["put", "put"]);
  // KV has the newest entry now: reads of it are not avoidable.
  for (let calls = 1; calls <= 33; calls += 1) mirror.countAvoidableRead(entry(2), null);
  await settle();
  expect(done).toEqual(["put", "put"]);
});
