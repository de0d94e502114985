/** What the object of a slug or external ID knows: which organization the alias names. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { AliasState, type CanonicalObject, PEER_TIMEOUT_MS } from "../../../src/cache/object/alias-state.ts";
import type { KvMirror } from "../../../src/cache/object/kv-mirror.ts";
import { entryOf } from "../../support/cached.ts";
import { logLines } from "../../support/egress.ts";

const READER = { newestRequestedAt: null, minPurgeEpoch: 0 };
const hang = async () => await new Promise<never>(() => {});

let canonical: { [K in keyof CanonicalObject]: ReturnType<typeof vi.fn<CanonicalObject[K]>> };
let mirrorAlias: ReturnType<typeof vi.fn<KvMirror["mirrorAlias"]>>;
let asked: string[];
let stored: Map<string, unknown>;
let storage: SyncKvStorage;

beforeEach(() => {
  canonical = {
    current: vi.fn<CanonicalObject["current"]>(async () => null),
    store: vi.fn<CanonicalObject["store"]>(async () => 0),
    aliasLeft: vi.fn<CanonicalObject["aliasLeft"]>(async () => {}),
  };
  mirrorAlias = vi.fn<KvMirror["mirrorAlias"]>();
  asked = [];
  stored = new Map();
  storage = {
    get: (key: string) => stored.get(key),
    put: (key: string, value: unknown) => void stored.set(key, value),
    delete: (key: string) => stored.delete(key),
  } as unknown as SyncKvStorage;
});

function aliasState(aliasOf?: string): AliasState {
  return new AliasState({ aliasOf, mirrorAlias } as unknown as KvMirror, storage, (organizationId) => {
    asked.push(organizationId);
    return canonical;
  });
}

describe("handing over", () => {
  test("the first answer is stored in the canonical object and written to KV", async () => {
    const state = aliasState();
    expect(await state.handOver("acme", entryOf())).toEqual({ kind: "stored" });
    expect(state.canonicalId).toBe("organization-1");
    expect(asked).toEqual(["organization-1"]);
    expect(mirrorAlias.mock.calls).toEqual([["acme", "organization-1"]]);
  });

  test("an answer with another organization than before has moved", async () => {
    expect(await aliasState("organization-2").handOver("acme", entryOf())).toEqual({
      kind: "moved",
      from: "organization-2",
    });
    expect(await aliasState("organization-1").handOver("acme", entryOf())).toEqual({ kind: "stored" });
  });

  test("a purge that the entry is older than leaves the alias as it was", async () => {
    canonical.store.mockResolvedValue(8);
    const state = aliasState("organization-1");
    const purged = { kind: "purged", latestPurge: 8, from: null };
    expect(await state.handOver("acme", entryOf({ purgeEpoch: 7 }))).toEqual(purged);
    expect(state.canonicalId).toBe("organization-1");
    const unknown = aliasState();
    expect(await unknown.handOver("acme", entryOf({ purgeEpoch: 7 }))).toEqual(purged);
    expect(unknown.canonicalId).toBeUndefined();
    expect(mirrorAlias).not.toHaveBeenCalled();
    expect(await unknown.handOver("acme", entryOf({ purgeEpoch: 8 }))).toEqual({ kind: "stored" });
  });

  test("an answer that is purged still takes the alias from another organization", async () => {
    canonical.store.mockResolvedValue(8);
    const state = aliasState("organization-2");
    expect(await state.handOver("acme", entryOf({ purgeEpoch: 7 }))).toEqual({
      kind: "purged",
      latestPurge: 8,
      from: "organization-2",
    });
    expect(state.canonicalId).toBeUndefined();
    expect(mirrorAlias).not.toHaveBeenCalled();
  });

  test("an alias that the organization does not have itself is not written to KV", async () => {
    expect(await aliasState().handOver("ACME", entryOf())).toEqual({ kind: "stored" });
    expect(mirrorAlias).not.toHaveBeenCalled();
  });

  test.each([
    ["fails", async () => await Promise.reject(new Error("gone"))],
    ["hangs", hang],
  ])("a canonical object that %s costs no answer, and one log line", async (_, store) => {
    canonical.store.mockImplementation(store);
    const began = performance.now();
    expect(await aliasState().handOver("acme", entryOf())).toEqual({ kind: "stored" });
    expect(performance.now() - began).toBeLessThan(PEER_TIMEOUT_MS + 500);
    expect(logLines()).toMatchObject([{ degraded: ["organization_object"] }]);
    expect(mirrorAlias).toHaveBeenCalledTimes(1);
  });
});

describe("the canonical entry", () => {
  test("an unknown alias asks nobody", async () => {
    expect(await aliasState().canonicalEntry("acme", READER)).toBeNull();
    expect(asked).toEqual([]);
  });

  test("a known alias is asked of the canonical object", async () => {
    canonical.current.mockResolvedValue(entryOf());
    expect(await aliasState("organization-1").canonicalEntry("acme", READER)).toEqual(entryOf());
    expect(canonical.current.mock.calls).toEqual([["acme", READER]]);
  });

  test.each([
    ["fails", async () => await Promise.reject(new Error("gone"))],
    ["hangs", hang],
  ])("a canonical object that %s has none", async (_, current) => {
    canonical.current.mockImplementation(current);
    expect(await aliasState("organization-1").canonicalEntry("acme", READER)).toBeNull();
  });

  test("a reset alias is unknown", async () => {
    const state = aliasState("organization-1");
    state.reset();
    expect(state.canonicalId).toBeUndefined();
    expect(await state.canonicalEntry("acme", READER)).toBeNull();
  });
});

describe("a change that a canonical object reports", () => {
  test.each([
    ["another organization has the alias", "organization-1", "organization-2", true, "organization-1"],
    ["its organization has it", "organization-1", "organization-1", true, null],
    ["its organization no longer has it", "organization-1", "organization-1", false, "acme"],
    ["another organization no longer has it", "organization-1", "organization-2", false, null],
    ["an organization has it, and it was unknown", undefined, "organization-2", true, null],
  ])("%s", (_, before, organizationId, hasAlias, toPurge) => {
    expect(aliasState(before).applyChange("acme", organizationId, 5, hasAlias)).toBe(toPurge);
  });

  test("a claim contests answers that were requested before it, or with it", () => {
    const state = aliasState();
    expect(state.isContested("organization-1", 5)).toBe(false);
    state.applyChange("acme", "organization-2", 5, true);
    expect(state.isContested("organization-1", 5)).toBe(true);
    expect(state.isContested(null, 4)).toBe(true);
    expect(state.isContested("organization-1", 6)).toBe(false);
    expect(state.isContested("organization-2", 5)).toBe(false);
  });

  test("an organization without the alias makes no claim", () => {
    const state = aliasState();
    state.applyChange("acme", "organization-2", 5, false);
    expect(state.isContested("organization-1", 5)).toBe(false);
  });

  test("a claim says whose the alias is, until its organization is seen without it", () => {
    const state = aliasState();
    state.applyChange("acme", "organization-1", 5, true);
    state.applyChange("acme", "organization-2", 6, false);
    expect(state.owner).toBe("organization-1");
    state.applyChange("acme", "organization-1", 7, false);
    expect(state.owner).toBeUndefined();
  });

  test("a claim that is newer than what the alias named outlives that", () => {
    const state = aliasState("organization-1");
    state.applyChange("acme", "organization-2", 5, true);
    expect([state.canonicalId, state.owner]).toEqual([undefined, "organization-2"]);
    expect(state.isContested("organization-1", 5)).toBe(true);
  });

  test.each([
    ["an older", 4, undefined],
    ["a newer", 6, "organization-2"],
  ])("%s claim is judged by an answer of another organization that is purged", async (_, claimed, owner) => {
    canonical.store.mockResolvedValue(8);
    const state = aliasState();
    state.applyChange("acme", "organization-2", claimed, true);
    await state.handOver("acme", entryOf({ requestedAt: 5, purgeEpoch: 7 }));
    expect(state.owner).toBe(owner);
  });

  test("a reset ends a claim", () => {
    const state = aliasState();
    state.applyChange("acme", "organization-2", 5, true);
    state.reset();
    expect([state.owner, state.isContested("organization-1", 5)]).toEqual([undefined, false]);
  });
});

describe("the other organizations that told of the alias", () => {
  test("they are told that an answer gave it to another one, once", async () => {
    const state = aliasState();
    state.applyChange("acme", "organization-1", 5, true);
    state.applyChange("acme", "organization-2", 6, true);
    await state.handOver("acme", entryOf({ requestedAt: 7 }));
    expect(canonical.aliasLeft.mock.calls).toEqual([["acme", 7]]);
    expect(asked).toEqual(["organization-2", "organization-1"]);
    await state.handOver("acme", entryOf({ requestedAt: 8 }));
    expect(canonical.aliasLeft).toHaveBeenCalledTimes(1);
  });

  test("they outlive the object, a purge and a 404, but not their own word", async () => {
    aliasState().applyChange("acme", "organization-2", 5, true);
    const state = aliasState();
    state.reset();
    state.applyChange("acme", "organization-3", 6, true);
    state.applyChange("acme", "organization-3", 7, false);
    await aliasState().handOver("acme", entryOf({ requestedAt: 8 }));
    expect(asked).toEqual(["organization-2", "organization-1"]);
    expect(stored.size).toBe(0);
  });

  test.each([
    ["fails", async () => await Promise.reject(new Error("gone"))],
    ["hangs", hang],
  ])("one that %s costs no answer, and is told again, even after an eviction", async (_, aliasLeft) => {
    canonical.aliasLeft.mockImplementationOnce(aliasLeft);
    const state = aliasState();
    state.applyChange("acme", "organization-2", 5, true);
    expect(await state.handOver("acme", entryOf({ requestedAt: 6 }))).toEqual({ kind: "stored" });
    expect(logLines()).toMatchObject([{ degraded: ["organization_object"] }]);
    await aliasState().handOver("acme", entryOf({ requestedAt: 7 }));
    expect(canonical.aliasLeft.mock.calls).toEqual([
      ["acme", 6],
      ["acme", 7],
    ]);
    expect(stored.size).toBe(0);
  });

  test("one that tells of the alias while it is told is told again at the next answer", async () => {
    const state = aliasState();
    state.applyChange("acme", "organization-2", 5, true);
    canonical.aliasLeft.mockImplementationOnce(async () => {
      state.applyChange("acme", "organization-2", 9, true);
    });
    await state.handOver("acme", entryOf({ requestedAt: 6 }));
    await state.handOver("acme", entryOf({ requestedAt: 10 }));
    expect(canonical.aliasLeft).toHaveBeenCalledTimes(2);
  });

  test("an older word neither replaces nor ends a newer claim", () => {
    const state = aliasState();
    state.applyChange("acme", "organization-2", 6, true);
    state.applyChange("acme", "organization-1", 5, true);
    state.applyChange("acme", "organization-2", 5, false);
    expect(state.owner).toBe("organization-2");
  });
});
