/** The cache of projections: an entry, reduced to the fields that a key may see. */
import { describe, expect, test } from "vitest";
import { ProjectionCache, projectMember } from "../../src/api/projection-cache.ts";
import type { Entry } from "../../src/cache/entry.ts";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";

const bytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
const read = (body: Uint8Array): Json => JSON.parse(new TextDecoder().decode(body)) as Json;

function entry(organization: Json, fields: Partial<Entry> = {}): Entry {
  return {
    name: String(organization["organization_id"]),
    organizationId: String(organization["organization_id"]),
    slug: String(organization["organization_slug"]),
    externalId: null,
    body: bytes(organizationEnvelope(organization)),
    etag: 'W/"whole"',
    requestedAt: 1,
    receivedAt: 1,
    purgeEpoch: 0,
    ...fields,
  };
}

const paths = (...given: string[]) => given;

describe("the projection of an organization", () => {
  test("a projection is cached for one entry and one list of fields", async () => {
    const cache = new ProjectionCache();
    const first = entry(organization());
    const projection = await cache.projectOrganization(first, paths("organization_name"));
    expect(await cache.projectOrganization(first, paths("organization_name"))).toBe(projection);
    expect(await cache.projectOrganization(first, paths("organization_slug"))).not.toBe(projection);
    const second = {
      ...first,
      requestedAt: 2,
      body: bytes(organizationEnvelope(organization({ organization_name: "New" }))),
    };
    const other = await cache.projectOrganization(second, paths("organization_name"));
    expect(read(other.body)["organization"]).toEqual({ organization_name: "New" });
    expect(other.etag).not.toBe(projection.etag);
  });

  test("the projections of two organizations are never mixed up", async () => {
    const cache = new ProjectionCache();
    for (const one of [organization(), organization()]) {
      const projection = await cache.projectOrganization(entry(one), paths("organization_id"));
      expect(read(projection.body)["organization"]).toEqual({ organization_id: one["organization_id"] });
    }
  });

  test("a projection keeps numbers that a double cannot represent", async () => {
    const text = JSON.stringify(organizationEnvelope(organization({ trusted_metadata: { n: "N" } })));
    const exact = text.replace('"N"', "9007199254740993");
    const projection = await new ProjectionCache().projectOrganization(
      entry(organization(), { body: bytes(exact) }),
      paths("trusted_metadata.n"),
    );
    expect(new TextDecoder().decode(projection.body)).toContain('{"n":9007199254740993}');
  });

  test("the projection cache holds at most 8 MiB", async () => {
    const cache = new ProjectionCache();
    let bodyBytes = 0;
    for (let i = 0; i < 30; i += 1) {
      const large = organization({ trusted_metadata: { text: "x".repeat(500_000) } });
      const { body } = await cache.projectOrganization(entry(large), paths("trusted_metadata"));
      bodyBytes = body.byteLength;
    }
    // All bodies have the same length.
    expect(cache.bytes).toBeGreaterThan(cache.size * bodyBytes);
    expect(cache.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(cache.size).toBeGreaterThan(10);
  });
});

describe("the projection of a member", () => {
  const envelope = memberEnvelope(member(), organization(), { unknown: "canary" });

  test("the projection of a member without fields is the body itself", () => {
    const body = bytes(envelope);
    for (const fields of [null, { organization: null, member: null }])
      expect(projectMember(body, fields)).toBe(body);
  });

  test("fields of the member alone keep the organization whole, and drop unknown fields", () => {
    const projection = read(projectMember(bytes(envelope), { organization: null, member: ["status"] }));
    expect(projection).toEqual({
      member: { status: "active" },
      member_id: envelope["member_id"],
      organization: envelope["organization"],
      request_id: envelope["request_id"],
      status_code: 200,
    });
  });
});
