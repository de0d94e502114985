/** Reads and writes of KV, with a namespace made by hand. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { aliasMetadata, type Entry, toMetadata } from "../../src/cache/entry.ts";
import { KV_TIMEOUT_MS, readKvEntry, writeKvAlias, writeKvEntry } from "../../src/cache/kv.ts";
import { useIdleObjects } from "../support/settle.ts";

useIdleObjects();

afterEach(() => vi.useRealTimers());

type Read = { value: ArrayBuffer | null; metadata: unknown };
type Put = { metadata?: unknown; expirationTtl?: number };

const NONE: Read = { value: null, metadata: null };

const entry = (fields: Partial<Entry> = {}): Entry => ({
  name: fields.organizationId ?? "organization-1",
  organizationId: "organization-1",
  slug: "acme",
  externalId: "ext|1",
  body: Uint8Array.from(new TextEncoder().encode('{"organization":{}}')),
  etag: `W/"${"0".repeat(32)}"`,
  requestedAt: 1_000,
  receivedAt: 1_050,
  purgeEpoch: 0,
  ...fields,
});

/** A namespace that answers `read`, and a record of what it was asked. */
function namespace(read: (key: string) => Read | Promise<Read>) {
  const getWithMetadata = vi.fn<(key: string, options: object) => Promise<Read>>(
    async (key) => await read(key),
  );
  const put = vi.fn<(key: string, value: unknown, options: Put) => Promise<void>>(async () => {});
  const kv = { getWithMetadata, put } as unknown as KVNamespace;
  return { kv, put, keys: () => getWithMetadata.mock.calls.map(([key]) => key), getWithMetadata };
}

/** A namespace that holds these entries by ID, and these names for IDs. */
function holding(entries: readonly Entry[], aliases: Record<string, string> = {}) {
  return namespace(async (key) => {
    const name = key.replace(/^organization:project-test-1:/, "");
    const of = aliases[name];
    if (of !== undefined) return { value: new ArrayBuffer(0), metadata: aliasMetadata(of) };
    const found = entries.find((one) => one.organizationId === name);
    return found === undefined ? NONE : { value: found.body.buffer, metadata: await toMetadata(found) };
  });
}

describe("reading", () => {
  test("a read by ID is one read of bytes, which the location caches for 30 s", async () => {
    const { kv, keys, getWithMetadata } = holding([entry()]);
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "organization-1")).toEqual({
      kind: "entry",
      entry: entry(),
    });
    expect(keys()).toEqual(["organization:project-test-1:organization-1"]);
    expect(getWithMetadata.mock.calls[0]?.[1]).toEqual({ type: "arrayBuffer", cacheTtl: 30 });
  });

  test("a read by slug or external ID takes two reads", async () => {
    for (const name of ["acme", "ext|1"]) {
      const { kv, keys } = holding([entry()], { [name]: "organization-1" });
      expect(await readKvEntry({ kv, projectId: "project-test-1" }, name)).toEqual({
        kind: "entry",
        entry: entry(),
      });
      expect(keys()).toEqual([
        `organization:project-test-1:${name}`,
        "organization:project-test-1:organization-1",
      ]);
    }
  });

  test("a missing value takes one read, and is none", async () => {
    const { kv, keys } = holding([]);
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "acme")).toEqual({ kind: "none" });
    expect(keys()).toHaveLength(1);
  });

  test.each([
    ["an organization that no longer has it", holding([entry({ slug: "new" })], { acme: "organization-1" })],
    ["an organization that is not there", holding([], { acme: "organization-1" })],
    ["another name", holding([entry()], { acme: "other", other: "organization-1" })],
    ["itself", holding([], { acme: "acme" })],
  ])("an alias of %s is none after two reads", async (_, { kv, keys }) => {
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "acme")).toEqual({ kind: "none" });
    expect(keys()).toHaveLength(2);
  });

  test("an entry under an ID that is not its own is none", async () => {
    const { kv } = namespace(async () => ({
      value: entry().body.buffer,
      metadata: await toMetadata(entry()),
    }));
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "organization-2")).toEqual({
      kind: "none",
    });
  });

  test.each([
    ["no metadata", () => null],
    ["metadata of somebody else", () => ({ color: "red" })],
    ["metadata of another version", (own: object) => ({ ...own, v: 2 })],
    ["another digest", (own: object) => ({ ...own, digest: "0" })],
  ])("a value with %s is none, and no failure", async (_, of) => {
    const metadata = of(await toMetadata(entry()));
    const { kv } = namespace(() => ({ value: entry().body.buffer, metadata }));
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "organization-1")).toEqual({
      kind: "none",
    });
  });
});

describe("KV that fails", () => {
  test("KV that rejects or throws is failed, not none", async () => {
    const rejecting = namespace(async () => await Promise.reject(new Error("KV is down")));
    expect(await readKvEntry({ kv: rejecting.kv, projectId: "project-test-1" }, "acme")).toEqual({
      kind: "failed",
    });
    const throwing = vi.fn<() => never>(() => {
      throw new Error("KV is down");
    });
    const kv = { getWithMetadata: throwing } as unknown as KVNamespace;
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "acme")).toEqual({ kind: "failed" });
  });

  test("KV that fails at the second read is failed", async () => {
    const { kv } = namespace(async (key) => {
      if (key !== "organization:project-test-1:acme") throw new Error("KV is down");
      return { value: new ArrayBuffer(0), metadata: aliasMetadata("organization-1") };
    });
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, "acme")).toEqual({ kind: "failed" });
  });

  test("KV that hangs is failed after 500 ms, and not before", async () => {
    vi.useFakeTimers();
    const { kv } = namespace(async () => await new Promise<Read>(() => {}));
    const outcome = vi.fn<(read: unknown) => void>();
    const waiting = readKvEntry({ kv, projectId: "project-test-1" }, "acme").then(outcome);
    await vi.advanceTimersByTimeAsync(KV_TIMEOUT_MS - 1);
    expect(outcome).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(outcome).toHaveBeenCalledWith({ kind: "failed" });
  });

  test("KV that hangs at the second read is failed within a second", async () => {
    vi.useFakeTimers();
    const { kv } = namespace(async (key) => {
      if (key !== "organization:project-test-1:acme") return await new Promise<Read>(() => {});
      await new Promise((resolve) => setTimeout(resolve, KV_TIMEOUT_MS - 1));
      return { value: new ArrayBuffer(0), metadata: aliasMetadata("organization-1") };
    });
    const waiting = readKvEntry({ kv, projectId: "project-test-1" }, "acme");
    await vi.advanceTimersByTimeAsync(2 * KV_TIMEOUT_MS);
    expect(await waiting).toEqual({ kind: "failed" });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("writing", () => {
  test("an entry is written under its ID alone, with metadata and a TTL", async () => {
    const { kv, put } = namespace(() => NONE);
    await writeKvEntry({ kv, projectId: "project-test-1" }, entry(), 60);
    expect(put.mock.calls).toEqual([
      [
        "organization:project-test-1:organization-1",
        entry().body,
        { metadata: await toMetadata(entry()), expirationTtl: 60 },
      ],
    ]);
  });

  test("an alias is written without bytes, with its organization ID", async () => {
    const { kv, put } = namespace(() => NONE);
    await writeKvAlias({ kv, projectId: "project-test-1" }, "acme", "organization-1", 60);
    expect(put.mock.calls).toEqual([
      [
        "organization:project-test-1:acme",
        "",
        { metadata: aliasMetadata("organization-1"), expirationTtl: 60 },
      ],
    ]);
  });

  test("a write that KV refuses rejects", async () => {
    const { kv, put } = namespace(() => NONE);
    put.mockRejectedValue(new Error("429 Too Many Requests"));
    await expect(writeKvEntry({ kv, projectId: "project-test-1" }, entry(), 60)).rejects.toThrow("429");
    await expect(
      writeKvAlias({ kv, projectId: "project-test-1" }, "acme", "organization-1", 60),
    ).rejects.toThrow("429");
  });

  test("the longest identifiers of Stytch fit into KV's 1,024 bytes of metadata", async () => {
    const longest = entry({
      organizationId: `organization-live-${crypto.randomUUID()}`,
      slug: "s".repeat(128),
      externalId: "e".repeat(128),
      body: new Uint8Array(1024 * 1024),
      requestedAt: 8.64e15,
      receivedAt: 8.64e15,
      purgeEpoch: 8.64e15,
    });
    const bytes = (metadata: object) => new TextEncoder().encode(JSON.stringify(metadata)).byteLength;
    expect(bytes(await toMetadata(longest))).toBeLessThanOrEqual(1_024);
    expect(bytes(aliasMetadata("i".repeat(256)))).toBeLessThanOrEqual(1_024);
  });
});

describe("KV's keys of at most 512 bytes", () => {
  const longest = "i".repeat(512 - "organization:project-test-1:".length);

  test("keys of 512 bytes are read and written", async () => {
    const { kv, keys, put } = namespace(() => NONE);
    await readKvEntry({ kv, projectId: "project-test-1" }, longest);
    await writeKvEntry({ kv, projectId: "project-test-1" }, entry({ organizationId: longest }), 60);
    await writeKvAlias({ kv, projectId: "project-test-1" }, longest, "organization-1", 60);
    expect(keys()).toHaveLength(1);
    expect(put).toHaveBeenCalledTimes(2);
  });

  test.each([
    ["one byte more", `${longest}i`],
    ["few characters of many bytes", "株".repeat(200)],
  ])("an identifier of %s never reaches KV", async (_, name) => {
    const { kv, keys, put } = namespace(() => NONE);
    expect(await readKvEntry({ kv, projectId: "project-test-1" }, name)).toEqual({ kind: "none" });
    await writeKvEntry({ kv, projectId: "project-test-1" }, entry({ organizationId: name }), 60);
    await writeKvAlias({ kv, projectId: "project-test-1" }, name, "organization-1", 60);
    expect(keys()).toEqual([]);
    expect(put).not.toHaveBeenCalled();
  });
});
