/** Entries in the memory of an isolate: how they are found, ordered and evicted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/cache/entry.ts";
import { Memory } from "../../src/cache/memory.ts";
import { entryOf } from "../support/cached.ts";
import { NOW } from "../support/clock.ts";

const SECONDS = 5;

const entry = (organizationId: string, fields: Partial<Entry> = {}): Entry =>
  entryOf({ organizationId, slug: `slug-of-${organizationId}`, body: new Uint8Array(1_000), ...fields });

/** Stores an entry as if it had been asked for by each of its names. */
function store(memory: Memory, stored: Entry, now: number): Entry {
  const names = [stored.organizationId, stored.slug, stored.externalId ?? stored.slug];
  return names.map((name) => memory.set(stored, name, now)).at(-1) ?? stored;
}

const found = (memory: Memory, name: string, now = NOW) => memory.get(name, now, SECONDS);

/** Room for three entries as above, and not for four: a body of 1,000 bytes, and some for the rest. */
const roomForThree = () => new Memory(3 * 3_250);

describe("an entry", () => {
  test("an entry is found by its ID, slug and external ID, and by nothing else", () => {
    const memory = new Memory();
    const one = store(memory, entry("a", { slug: "acme", externalId: "ext|1" }), NOW);
    for (const name of ["a", "acme", "ext|1"]) expect(found(memory, name)).toBe(one);
    for (const name of ["A", "Acme", "ext", "", "slug-of-a", "__proto__"])
      expect(found(memory, name)).toBeNull();
  });

  test("an entry is found for memorySeconds after its confirmation, and no longer", () => {
    const memory = new Memory();
    store(memory, entry("a"), NOW);
    expect(found(memory, "a", NOW + 4_999)).not.toBeNull();
    expect(found(memory, "a", NOW + 5_000)).toBeNull();
    store(memory, entry("a"), NOW + 5_000);
    expect(found(memory, "a", NOW + 9_999)).not.toBeNull();
  });

  test("an entry is never found if memorySeconds is 0", () => {
    const memory = new Memory();
    store(memory, entry("a"), NOW);
    expect(memory.get("a", NOW, 0)).toBeNull();
  });

  test("reading an entry does not confirm it", () => {
    const memory = new Memory();
    store(memory, entry("a"), NOW);
    expect(found(memory, "a", NOW + 4_000)).not.toBeNull();
    expect(found(memory, "a", NOW + 5_000)).toBeNull();
  });
});

describe("an alias", () => {
  test("an alias that an organization gave up no longer finds it", () => {
    const memory = new Memory();
    store(memory, entry("a", { slug: "old", externalId: "ext" }), NOW);
    const renamed = store(memory, entry("a", { slug: "new", requestedAt: 1 }), NOW);
    expect(found(memory, "old")).toBeNull();
    expect(found(memory, "ext")).toBeNull();
    expect(found(memory, "new")).toBe(renamed);
  });

  test("an alias that moved finds its new owner, even after the old one is renamed", () => {
    const memory = new Memory();
    store(memory, entry("a", { slug: "acme" }), NOW);
    const newOwner = store(memory, entry("b", { slug: "acme", requestedAt: 1 }), NOW);
    expect(found(memory, "acme")).toBe(newOwner);
    store(memory, entry("a", { slug: "acme-old", requestedAt: 2 }), NOW);
    expect(found(memory, "acme")).toBe(newOwner);
  });

  test("a text that is an ID and another's external ID finds the organization by ID", () => {
    const memory = new Memory();
    const first = store(memory, entry("a"), NOW);
    const second = store(memory, entry("b", { externalId: "a" }), NOW);
    expect(found(memory, "a")).toBe(first);
    expect(found(memory, "b")).toBe(second);
  });

  test("an alias that is both slug and external ID leaves nothing behind", () => {
    const memory = new Memory();
    store(memory, entry("a", { slug: "acme", externalId: "acme" }), NOW);
    store(memory, entry("a", { slug: "other", requestedAt: 1 }), NOW);
    expect(memory.aliases.map(([alias]) => alias)).toEqual(["other"]);
  });
});

test("an alias is contested if another organization was seen with it since", () => {
  const memory = new Memory();
  const newOwner = memory.set(entry("b", { slug: "acme", requestedAt: 2 }), "b", NOW);
  const old = entry("a", { slug: "acme", requestedAt: 1 });
  expect(memory.isAliasContested("acme", old)).toBe(true);
  // Its older owner, read by its ID, does not take the alias back; read by the alias, it does: Stytch has said so.
  memory.set(old, "a", NOW);
  expect(memory.isAliasContested("acme", old)).toBe(true);
  expect(memory.isAliasContested("acme", newOwner)).toBe(false);
  expect(memory.isAliasContested("a", old)).toBe(false);
  memory.set(old, "acme", NOW);
  expect(memory.isAliasContested("acme", old)).toBe(false);
});

test("an alias finds an entry only if Stytch answered that alias with it", () => {
  const memory = new Memory();
  const first = memory.set(entry("a", { slug: "acme" }), "acme", NOW);
  memory.set(entry("b", { externalId: "acme" }), "b", NOW);
  expect(found(memory, "acme")).not.toBe(first);
  expect(found(memory, "acme")).toBeNull();
  const again = memory.set(entry("a", { slug: "acme" }), "acme", NOW);
  expect(found(memory, "acme")).toBe(again);
});

const ID = "organization-test-0000000a-0000-4000-8000-000000000000";

test("an alias that the entry does not have finds nothing", () => {
  const memory = new Memory();
  memory.set(entry("a", { slug: "acme" }), "ACME", NOW);
  expect(found(memory, "ACME")).toBeNull();
});

test("an alias in the form of an ID finds its entry, unless the ID itself is held", () => {
  const memory = new Memory();
  const bearer = memory.set(entry("a", { externalId: ID }), ID, NOW);
  expect(found(memory, ID)).toBe(bearer);
  const owner = memory.set(entry(ID), ID, NOW);
  expect(found(memory, ID)).toBe(owner);
});

describe("an ID in another case", () => {
  test("an ID in another case finds the entry only if Stytch answered that", () => {
    const memory = new Memory();
    const one = memory.set(entry(ID), ID, NOW);
    expect(found(memory, ID.toUpperCase())).toBeNull();
    memory.set(one, ID.toUpperCase(), NOW);
    expect(found(memory, ID.toUpperCase())).toBe(one);
    expect(found(memory, ID)).toBe(one);
    const next = memory.set(entry(ID, { requestedAt: 1 }), ID, NOW);
    expect(found(memory, ID.toUpperCase())).toBe(next);
  });

  test("an ID in another case goes with its entry, and only the last one is kept", () => {
    const memory = new Memory();
    memory.set(entry(ID), ID.toUpperCase(), NOW);
    memory.set(entry(ID), ID.replace("a-", "A-"), NOW);
    expect(found(memory, ID.toUpperCase())).toBeNull();
    memory.addTombstone(ID.replace("a-", "A-"), 1);
    expect([memory.organizationIds, memory.bytes]).toEqual([[], 0]);
  });

  test("a text in another case that has not the form of an ID finds nothing", () => {
    const memory = new Memory();
    memory.set(entry("org_1"), "ORG_1", NOW);
    expect(found(memory, "ORG_1")).toBeNull();
  });
});

describe("two answers about one organization", () => {
  test("the later request wins in either order, and both callers get its entry", () => {
    const earlier = entry("a", { slug: "earlier", requestedAt: 1 });
    const later = entry("a", { slug: "later", requestedAt: 2 });
    for (const [first, second] of [
      [earlier, later],
      [later, earlier],
    ] as const) {
      const memory = new Memory();
      store(memory, first, NOW);
      expect(store(memory, second, NOW)).toBe(later);
      expect(found(memory, "a")).toBe(later);
      expect(found(memory, "earlier")).toBeNull();
    }
  });
});

describe("the bound in bytes", () => {
  test("the entry that was least recently read or stored is evicted", () => {
    const memory = roomForThree();
    for (const id of ["a", "b", "c"]) store(memory, entry(id), NOW);
    found(memory, "slug-of-a");
    store(memory, entry("b"), NOW);
    store(memory, entry("d"), NOW);
    expect(memory.organizationIds).toEqual(["a", "b", "d"]);
    expect(found(memory, "slug-of-c")).toBeNull();
  });

  test("an entry larger than the bound is not stored, and evicts nothing", () => {
    const memory = roomForThree();
    store(memory, entry("a"), NOW);
    const large = entry("b", { body: new Uint8Array(9_000) });
    expect(store(memory, large, NOW)).toBe(large);
    expect(found(memory, "b")).toBeNull();
    expect(found(memory, "a")).not.toBeNull();
  });

  test("an entry that a too large one replaces is gone", () => {
    const memory = roomForThree();
    store(memory, entry("a"), NOW);
    store(memory, entry("a", { body: new Uint8Array(9_000), requestedAt: 1 }), NOW);
    expect(found(memory, "a")).toBeNull();
    expect(memory.bytes).toBe(0);
  });

  test("any sequence of entries stays within the bound, and no alias outlives its entry", () => {
    const ids = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const names = fc.constantFrom("x", "y", "z", "a", "b");
    const steps = fc.record({
      id: ids,
      slug: names,
      externalId: fc.option(names),
      size: fc.integer({ min: 0, max: 8_000 }),
      requestedAt: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (given) => {
        const memory = new Memory(8_000);
        for (const { id, size, ...fields } of given) {
          store(memory, entry(id, { ...fields, body: new Uint8Array(size) }), NOW);
          const held = memory.organizationIds.reduce(
            (sum, held) => sum + (memory.peek(held)?.body.byteLength ?? 0),
            0,
          );
          expect(held).toBeLessThanOrEqual(memory.bytes);
          expect(memory.bytes).toBeLessThanOrEqual(8_000);
          for (const [alias, organizationId] of memory.aliases) {
            const { slug, externalId } = memory.peek(organizationId) ?? {};
            expect([slug, externalId]).toContain(alias);
          }
        }
        for (const id of memory.organizationIds) {
          store(memory, entry(id, { body: new Uint8Array(9_000), requestedAt: 9 }), NOW);
        }
        expect([memory.bytes, memory.organizationIds, memory.aliases]).toEqual([0, [], []]);
      }),
    );
  });
});
