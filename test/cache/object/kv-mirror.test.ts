/** What the one writer of a KV key knows of it, and keeps: with writes that are ended by hand. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Entry } from "../../../src/cache/entry.ts";
import {
  clearMirror,
  countAvoidableRead,
  createKvMirror,
  type KvMirror,
  mirrorAlias,
  mirrorEntry,
} from "../../../src/cache/object/kv-mirror.ts";
import { createConfig } from "../../support/config.ts";
import { deferred } from "../../support/upstream.ts";

const NOW = 1_800_000_000_000;
const { cache } = createConfig();

const entry = (requestedAt: number, etag = 'W/"1"'): Entry => ({
  organizationId: "organization-1",
  slug: "acme",
  externalId: null,
  body: new Uint8Array(1),
  etag,
  requestedAt,
  receivedAt: NOW + requestedAt,
  purgeEpoch: 0,
});

let kept: Map<string, unknown>;
/** Writes of KV under way, the oldest first. */
let writing: ReturnType<typeof deferred<undefined>>[];
let done: string[];
let behind: Promise<void>[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  vi.spyOn(scheduler, "wait").mockImplementation(async () => {});
  [kept, writing, done, behind] = [new Map(), [], [], []];
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** As an object makes it anew after an eviction. */
function copyOf(): KvMirror {
  const call = async (what: string) => {
    const end = deferred<undefined>();
    writing.push(end);
    await end.promise;
    done.push(what);
  };
  const kv = { put: async () => await call("put"), delete: async () => await call("delete") };
  return createKvMirror({
    storage: {
      get: (key: string) => kept.get(key),
      put: (key: string, value: unknown) => void kept.set(key, value),
      delete: (key: string) => kept.delete(key),
    } as unknown as SyncKvStorage,
    scope: () => ({ kv: kv as unknown as KVNamespace, projectId: "project-test-1" }),
    cache: () => cache,
    waitUntil: (work) => void behind.push(work),
  });
}

/** Ends the writes under way, and those that follow. */
async function settle(): Promise<void> {
  let isOver = false;
  const over = Promise.all(behind).then(() => {
    isOver = true;
  });
  while (!isOver) {
    for (const write of writing) write.resolve(undefined);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await over;
}

test("what was written is known after an eviction, and an unchanged organization is not written again", async () => {
  mirrorEntry(copyOf(), entry(1));
  await settle();
  const again = copyOf();
  expect(again).toMatchObject({ mirrored: { requestedAt: 1 }, mayExist: true });
  mirrorEntry(again, entry(2));
  await settle();
  expect(done).toEqual(["put"]);
});

test("a write that ends after all was cleared leaves nothing behind, in KV and in the storage", async () => {
  for (const keep of [
    (copy: KvMirror) => mirrorEntry(copy, entry(1)),
    (copy: KvMirror) => mirrorAlias(copy, "acme", "organization-1"),
  ]) {
    const copy = copyOf();
    keep(copy);
    clearMirror(copy, "acme", "known");
    await settle();
    expect(done.splice(0)).toEqual(["put", "delete"]);
    expect(kept.size).toBe(0);
    expect(copyOf().mayExist).toBeUndefined();
  }
});

test("what a name stands for is kept before KV has it, and though it never does", async () => {
  const copy = copyOf();
  mirrorAlias(copy, "acme", "organization-1");
  expect(copyOf().alias).toMatchObject({ organizationId: "organization-1" });
  for (let at = 0; at < 3; at += 1) {
    await vi.waitFor(() => expect(writing).toHaveLength(at + 1));
    writing[at]?.reject(new Error("429"));
  }
  await Promise.all(behind);
  expect(copyOf()).toMatchObject({ alias: { organizationId: "organization-1" }, mayExist: true });
  // The next answer tries again.
  mirrorAlias(copy, "acme", "organization-1");
  await settle();
  expect(done).toEqual(["put"]);
  mirrorAlias(copyOf(), "acme", "organization-1");
  await settle();
  expect(done).toEqual(["put"]);
});

test("what a name stands for is written again when it is another, or after half a week", async () => {
  const copy = copyOf();
  for (const [days, organizationId] of [
    [0, "organization-1"],
    [3.4, "organization-1"],
    [3.5, "organization-1"],
    [3.6, "organization-2"],
  ] as const) {
    vi.setSystemTime(NOW + days * 86_400_000);
    mirrorAlias(copy, "acme", organizationId);
    await settle();
  }
  expect(done).toEqual(["put", "put", "put"]);
});

test("what is known to be empty is not cleared twice, and what nobody knows of is only for a purge", async () => {
  const copy = copyOf();
  clearMirror(copy, "acme", "known");
  await settle();
  expect(done).toEqual([]);
  clearMirror(copy, "acme", "possible");
  await settle();
  clearMirror(copy, "acme", "possible");
  await settle();
  expect(done).toEqual(["delete"]);
  mirrorEntry(copy, entry(1));
  await settle();
  clearMirror(copy, "acme", "possible");
  await settle();
  expect(done).toEqual(["delete", "put", "delete"]);
});

test("calls are counted from the last write, and 33 of them cause the next", async () => {
  const copy = copyOf();
  mirrorEntry(copy, entry(1));
  await settle();
  for (let calls = 1; calls <= 32; calls += 1) countAvoidableRead(copy, entry(2), null);
  expect(done).toEqual(["put"]);
  countAvoidableRead(copy, entry(2), null);
  await settle();
  expect(done).toEqual(["put", "put"]);
  countAvoidableRead(copy, entry(2), null);
  expect(copy.avoidableReads).toBe(0);
});
