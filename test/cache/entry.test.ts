/** What an entry is made of, its ETag, and its stored form. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aliasMetadata,
  createEntry,
  decode,
  type Entry,
  hasIdentifier,
  toMetadata,
} from "../../src/cache/entry.ts";
import type { OrganizationEnvelope } from "../../src/stytch/schemas/organization-schema.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";

async function entryOf(of: Json, envelope: Json = {}): Promise<Entry> {
  const text = JSON.stringify(organizationEnvelope(of, envelope));
  const body = Uint8Array.from(new TextEncoder().encode(text));
  return await createEntry(body, JSON.parse(text) as OrganizationEnvelope, {
    requestedAt: 1_000,
    receivedAt: 1_050,
    purgeEpoch: 7,
  });
}

/** As KV gives it back. */
const stored = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

describe("an entry", () => {
  test("an entry keeps the bytes of the body, and has all three identifiers", async () => {
    const of = organization({ organization_external_id: "ext|1" });
    const entry = await entryOf(of);
    expect(JSON.parse(new TextDecoder().decode(entry.body))).toMatchObject({ organization: of });
    expect(entry).toMatchObject({ requestedAt: 1_000, receivedAt: 1_050, externalId: "ext|1" });
    for (const name of [of["organization_id"], of["organization_slug"], "ext|1"]) {
      expect(hasIdentifier(entry, String(name))).toBe(true);
    }
    expect(hasIdentifier(entry, "another")).toBe(false);
    expect(hasIdentifier(entry, String(of["organization_slug"]).toUpperCase())).toBe(false);
  });

  test("an entry has an alias in the form of an ID, and its own ID in another case", async () => {
    const alias = `organization-test-${crypto.randomUUID()}`;
    for (const field of ["organization_slug", "organization_external_id"]) {
      const of = organization({ [field]: alias });
      const entry = await entryOf(of);
      expect(hasIdentifier(entry, alias)).toBe(true);
      expect(hasIdentifier(entry, alias.toUpperCase())).toBe(false);
      expect(hasIdentifier(entry, String(of["organization_id"]).toUpperCase())).toBe(true);
      expect(hasIdentifier(entry, `organization-test-${crypto.randomUUID()}`)).toBe(false);
    }
    expect(hasIdentifier(await entryOf(organization({ organization_id: "org_1" })), "ORG_1")).toBe(false);
  });

  test("an entry without an external ID does not have null or an empty one", async () => {
    for (const none of [null, undefined]) {
      const entry = await entryOf(organization({ organization_external_id: none }));
      expect(entry.externalId).toBeNull();
      expect(hasIdentifier(entry, "null")).toBe(false);
      expect(hasIdentifier(entry, "undefined")).toBe(false);
      expect(hasIdentifier(entry, "")).toBe(false);
    }
  });
});

describe("the ETag", () => {
  test("the ETag is weak, and does not depend on the envelope", async () => {
    const of = organization();
    const one = await entryOf(of);
    const other = await entryOf(of, { request_id: "request-id-test-other", status_code: 201, new_field: 1 });
    expect(one.etag).toMatch(/^W\/"[0-9a-f]{32}"$/);
    expect(other.etag).toBe(one.etag);
  });

  test("the ETag changes with any field that is changed, added or removed", async () => {
    const of = organization();
    const etags = [(await entryOf(of)).etag];
    for (const field of Object.keys(of)) {
      if (["organization_id", "organization_name", "organization_slug"].includes(field)) {
        etags.push((await entryOf({ ...of, [field]: `${of[field]}-` })).etag);
      } else {
        const { [field]: _, ...without } = of;
        etags.push((await entryOf(without)).etag);
      }
    }
    etags.push((await entryOf({ ...of, field_of_tomorrow: null })).etag);
    etags.push((await entryOf({ ...of, trusted_metadata: { plan: "gold", deep: [{ a: 1 }] } })).etag);
    etags.push((await entryOf({ ...of, trusted_metadata: { plan: "gold", deep: [{ a: 2 }] } })).etag);
    expect(new Set(etags).size).toBe(etags.length);
  });

  test("the ETag changes with any change of free JSON", async () => {
    const of = organization();
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (metadata) => {
        fc.pre(JSON.stringify(metadata) !== JSON.stringify(of["trusted_metadata"]));
        const changed = await entryOf({ ...of, trusted_metadata: metadata });
        expect(changed.etag).not.toBe((await entryOf(of)).etag);
      }),
    );
  });

  test("the ETag changes if a field named __proto__ is added", async () => {
    const of = organization({ trusted_metadata: { plan: "gold" } });
    const metadata: unknown = JSON.parse('{"plan":"gold","__proto__":{"admin":true}}');
    expect((await entryOf({ ...of, trusted_metadata: metadata })).etag).not.toBe((await entryOf(of)).etag);
  });
});

describe("a stored value", () => {
  test("a stored entry decodes to the entry it was made of", async () => {
    for (const external of ["ext|1", null]) {
      const entry = await entryOf(organization({ organization_external_id: external }));
      expect(await decode(entry.body.buffer, stored(await toMetadata(entry)))).toEqual({
        kind: "entry",
        entry,
      });
    }
  });

  test("the entry in memory is returned if the metadata is equal, and only then", async () => {
    const entry = await entryOf(organization());
    const metadata = stored(await toMetadata(entry));
    const other = new Uint8Array(entry.body).fill(0x20);
    const same = await decode(other.buffer, metadata, { ...entry });
    expect(same).toEqual({ kind: "entry", entry });
    for (const different of [
      { etag: `W/"${"0".repeat(32)}"` },
      { requestedAt: entry.requestedAt + 1 },
      { receivedAt: entry.receivedAt + 1 },
      { purgeEpoch: entry.purgeEpoch + 1 },
      { name: "organization-test-other" },
      { slug: "other" },
      { externalId: "other" },
    ]) {
      expect(await decode(other.buffer, metadata, { ...entry, ...different })).toEqual({
        kind: "undecodable",
      });
    }
  });

  test("the entry in memory is not returned for metadata of another version", async () => {
    const entry = await entryOf(organization());
    const metadata = await toMetadata(entry);
    for (const foreign of [{ ...metadata, v: metadata.v + 1 }, null, "organization"]) {
      expect(await decode(entry.body.buffer, foreign, entry)).toEqual({ kind: "undecodable" });
    }
  });

  test("a stored alias decodes to its organization ID, whatever the body", async () => {
    const decoded = await decode(new ArrayBuffer(0), stored(aliasMetadata("organization-1")));
    expect(decoded).toEqual({ kind: "alias", organizationId: "organization-1" });
  });

  test("metadata with a field removed, added or of another type does not decode", async () => {
    const entry = await entryOf(organization());
    const metadata = stored(await toMetadata(entry));
    const wrong: Json[] = [{ ...metadata, extra: 1 }];
    for (const field of Object.keys(metadata)) {
      const { [field]: _, ...without } = metadata;
      wrong.push(
        without,
        { ...metadata, [field]: {} },
        { ...metadata, [field]: 1.5 },
        { ...metadata, [field]: "" },
      );
    }
    // An empty external ID is none that Stytch gives, but it is a string.
    for (const one of wrong.filter((given) => given["externalId"] !== "")) {
      expect(await decode(entry.body.buffer, one), JSON.stringify(one)).toEqual({ kind: "undecodable" });
    }
  });

  test("an entry with another body of the same length does not decode", async () => {
    const entry = await entryOf(organization());
    const other = new Uint8Array(entry.body).fill(0x20);
    expect(await decode(other.buffer, stored(await toMetadata(entry)))).toEqual({ kind: "undecodable" });
  });

  test("an entry with a shorter or longer body does not decode", async () => {
    const entry = await entryOf(organization());
    const metadata = stored(await toMetadata(entry));
    const longer = new Uint8Array(entry.body.byteLength + 1);
    for (const body of [entry.body.slice(1).buffer, longer.buffer, new ArrayBuffer(0)]) {
      expect(await decode(body, metadata)).toEqual({ kind: "undecodable" });
    }
  });

  test("a value of another version does not decode, as entry or alias", async () => {
    const entry = await entryOf(organization());
    for (const v of [0, 1, 2, 4, "3", null]) {
      expect(await decode(entry.body.buffer, { ...(await toMetadata(entry)), v })).toEqual({
        kind: "undecodable",
      });
      expect(await decode(new ArrayBuffer(0), { ...aliasMetadata("a"), v })).toEqual({ kind: "undecodable" });
    }
  });

  test("any other value is undecodable, and never throws", async () => {
    for (const metadata of [
      null,
      undefined,
      "text",
      1,
      true,
      [],
      {},
      { v: 3 },
      { v: 3, organizationId: "" },
      { v: 3, organizationId: null },
    ]) {
      expect(await decode(new ArrayBuffer(2), metadata), String(metadata)).toEqual({ kind: "undecodable" });
    }
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (metadata) => {
        expect(await decode(new ArrayBuffer(2), metadata)).toEqual({ kind: "undecodable" });
      }),
    );
  });
});
