import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/cache/entry.ts";
import { createMemory, getEntry, isAliasContested, type Memory, setEntry } from "../../src/cache/memory.ts";

const NOW = 1_700_000_000_000;
const SECONDS = 5;

const entry = (organizationId: string, fields: Partial<Entry> = {}): Entry => ({
  organizationId,
  slug: `slug-of-${organizationId}`,
  externalId: null,
  body: new Uint8Array(1_000),
  etag: 'W/"0"',
  requestedAt: 0,
  receivedAt: 0,
  purgeEpoch: 0,
  ...fields,
});

/** As if the entry had been asked for by each of its names. */
function keep(memory: Memory, kept: Entry, now: number): Entry {
  const names = [kept.organizationId, kept.slug, kept.externalId ?? kept.slug];
  return names.map((name) => setEntry(memory, kept, name, now)).at(-1) ?? kept;
}

const found = (memory: Memory, name: string, now = NOW) => getEntry(memory, name, now, SECONDS);

/** Room for three entries as above, and not for four: a body of 1,000 bytes, and some for the rest. */
const roomForThree = () => createMemory(3 * 3_250);

describe("an entry is found", () => {
  test("by its ID, its slug and its external ID, and by nothing else", () => {
    const memory = createMemory();
    const one = keep(memory, entry("a", { slug: "acme", externalId: "ext|1" }), NOW);
    for (const name of ["a", "acme", "ext|1"]) expect(found(memory, name)).toBe(one);
    for (const name of ["A", "Acme", "ext", "", "slug-of-a", "__proto__"])
      expect(found(memory, name)).toBeNull();
  });

  test("for memorySeconds from when it was vouched for, and not at their end", () => {
    const memory = createMemory();
    keep(memory, entry("a"), NOW);
    expect(found(memory, "a", NOW + 4_999)).not.toBeNull();
    expect(found(memory, "a", NOW + 5_000)).toBeNull();
    keep(memory, entry("a"), NOW + 5_000);
    expect(found(memory, "a", NOW + 9_999)).not.toBeNull();
  });

  test("never, where memory is to answer for no time at all", () => {
    const memory = createMemory();
    keep(memory, entry("a"), NOW);
    expect(getEntry(memory, "a", NOW, 0)).toBeNull();
  });

  test("however often it is asked for: recalling is not vouching", () => {
    const memory = createMemory();
    keep(memory, entry("a"), NOW);
    expect(found(memory, "a", NOW + 4_000)).not.toBeNull();
    expect(found(memory, "a", NOW + 5_000)).toBeNull();
  });
});

describe("a name", () => {
  test("that an organization gave up no longer finds it", () => {
    const memory = createMemory();
    keep(memory, entry("a", { slug: "old", externalId: "ext" }), NOW);
    const renamed = keep(memory, entry("a", { slug: "new", requestedAt: 1 }), NOW);
    expect(found(memory, "old")).toBeNull();
    expect(found(memory, "ext")).toBeNull();
    expect(found(memory, "new")).toBe(renamed);
  });

  test("that another organization took over finds that one, and keeps finding it when the first is renamed", () => {
    const memory = createMemory();
    keep(memory, entry("a", { slug: "acme" }), NOW);
    const heir = keep(memory, entry("b", { slug: "acme", requestedAt: 1 }), NOW);
    expect(found(memory, "acme")).toBe(heir);
    keep(memory, entry("a", { slug: "acme-old", requestedAt: 2 }), NOW);
    expect(found(memory, "acme")).toBe(heir);
  });

  test("that is the ID of one organization and the external ID of another means the first", () => {
    const memory = createMemory();
    const first = keep(memory, entry("a"), NOW);
    const second = keep(memory, entry("b", { externalId: "a" }), NOW);
    expect(found(memory, "a")).toBe(first);
    expect(found(memory, "b")).toBe(second);
  });

  test("that is both slug and external ID of one organization finds it once, and leaves nothing behind", () => {
    const memory = createMemory();
    keep(memory, entry("a", { slug: "acme", externalId: "acme" }), NOW);
    keep(memory, entry("a", { slug: "other", requestedAt: 1 }), NOW);
    expect([...memory.aliases.keys()]).toEqual(["other"]);
  });
});

test("a name is disputed where another organization was seen to bear it since, and not by what is older", () => {
  const memory = createMemory();
  const heir = setEntry(memory, entry("b", { slug: "acme", requestedAt: 2 }), "b", NOW);
  const old = entry("a", { slug: "acme", requestedAt: 1 });
  expect(isAliasContested(memory, "acme", old)).toBe(true);
  // Its older bearer, read by its ID, does not take the name back; read by the name, it does: Stytch has said so.
  setEntry(memory, old, "a", NOW);
  expect(isAliasContested(memory, "acme", old)).toBe(true);
  expect(isAliasContested(memory, "acme", heir)).toBe(false);
  expect(isAliasContested(memory, "a", old)).toBe(false);
  setEntry(memory, old, "acme", NOW);
  expect(isAliasContested(memory, "acme", old)).toBe(false);
});

test("a name finds an entry only where it was asked for by that name: another organization may have it too", () => {
  const memory = createMemory();
  const first = setEntry(memory, entry("a", { slug: "acme" }), "acme", NOW);
  setEntry(memory, entry("b", { externalId: "acme" }), "b", NOW);
  expect(found(memory, "acme")).not.toBe(first);
  expect(found(memory, "acme")).toBeNull();
  const again = setEntry(memory, entry("a", { slug: "acme" }), "acme", NOW);
  expect(found(memory, "acme")).toBe(again);
});

test("a name that the entry does not bear, or that looks like another's ID, finds nothing", () => {
  const memory = createMemory();
  const id = "organization-test-00000000-0000-4000-8000-000000000000";
  setEntry(memory, entry("a", { slug: "acme", externalId: id }), "ACME", NOW);
  setEntry(memory, entry("a", { slug: "acme", externalId: id }), id, NOW);
  expect(found(memory, "ACME")).toBeNull();
  expect(found(memory, id)).toBeNull();
});

describe("of two answers about one organization", () => {
  test("the one whose request began later stands, in either order, and is what both callers get", () => {
    const earlier = entry("a", { slug: "earlier", requestedAt: 1 });
    const later = entry("a", { slug: "later", requestedAt: 2 });
    for (const [first, second] of [
      [earlier, later],
      [later, earlier],
    ] as const) {
      const memory = createMemory();
      keep(memory, first, NOW);
      expect(keep(memory, second, NOW)).toBe(later);
      expect(found(memory, "a")).toBe(later);
      expect(found(memory, "earlier")).toBeNull();
    }
  });
});

describe("the capacity", () => {
  test("makes the entry go that was least recently recalled or remembered", () => {
    const memory = roomForThree();
    for (const id of ["a", "b", "c"]) keep(memory, entry(id), NOW);
    found(memory, "slug-of-a");
    keep(memory, entry("b"), NOW);
    keep(memory, entry("d"), NOW);
    expect([...memory.entries.keys()]).toEqual(["a", "b", "d"]);
    expect(found(memory, "slug-of-c")).toBeNull();
  });

  test("is not taken up by an entry that alone is larger, which pushes nothing out", () => {
    const memory = roomForThree();
    keep(memory, entry("a"), NOW);
    const large = entry("b", { body: new Uint8Array(9_000) });
    expect(keep(memory, large, NOW)).toBe(large);
    expect(found(memory, "b")).toBeNull();
    expect(found(memory, "a")).not.toBeNull();
  });

  test("is not a reason to go on answering what a larger entry replaced", () => {
    const memory = roomForThree();
    keep(memory, entry("a"), NOW);
    keep(memory, entry("a", { body: new Uint8Array(9_000), requestedAt: 1 }), NOW);
    expect(found(memory, "a")).toBeNull();
    expect(memory.bytes).toBe(0);
  });

  test("holds whatever comes, and no name outlives its entry", () => {
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
        const memory = createMemory(8_000);
        for (const { id, size, ...fields } of given) {
          keep(memory, entry(id, { ...fields, body: new Uint8Array(size) }), NOW);
          const held = [...memory.entries.values()].reduce((sum, one) => sum + one.entry.body.byteLength, 0);
          expect(held).toBeLessThanOrEqual(memory.bytes);
          expect(memory.bytes).toBeLessThanOrEqual(memory.capacity);
          for (const [name, { organizationId }] of memory.aliases) {
            const { slug, externalId } = memory.entries.get(organizationId)?.entry ?? {};
            expect([slug, externalId]).toContain(name);
          }
        }
        for (const id of [...memory.entries.keys()]) {
          keep(memory, entry(id, { body: new Uint8Array(9_000), requestedAt: 9 }), NOW);
        }
        expect(memory).toMatchObject({ bytes: 0, entries: new Map(), aliases: new Map() });
      }),
    );
  });
});
