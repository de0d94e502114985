import { describe, expect, test } from "vitest";
import { createProjectionCache, projectMember, projectOrganization } from "../../src/api/projection-cache.ts";
import type { Entry } from "../../src/cache/entry.ts";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";

const bytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
const read = (body: Uint8Array): Json => JSON.parse(new TextDecoder().decode(body)) as Json;

function entry(of: Json, fields: Partial<Entry> = {}): Entry {
  return {
    organizationId: String(of["organization_id"]),
    slug: String(of["organization_slug"]),
    externalId: null,
    body: bytes(organizationEnvelope(of)),
    etag: 'W/"whole"',
    requestedAt: 1,
    receivedAt: 1,
    purgeEpoch: 0,
    ...fields,
  };
}

const paths = (...given: string[]) => given;

describe("the view of an organization", () => {
  test("with fields is made once for an entry and a list of fields, and anew for another entry", async () => {
    const views = createProjectionCache();
    const first = entry(organization());
    const view = await projectOrganization(views, first, paths("organization_name"));
    expect(await projectOrganization(views, first, paths("organization_name"))).toBe(view);
    expect(await projectOrganization(views, first, paths("organization_slug"))).not.toBe(view);
    const second = {
      ...first,
      requestedAt: 2,
      body: bytes(organizationEnvelope(organization({ organization_name: "New" }))),
    };
    const other = await projectOrganization(views, second, paths("organization_name"));
    expect(read(other.body)["organization"]).toEqual({ organization_name: "New" });
    expect(other.etag).not.toBe(view.etag);
  });

  test("of one organization is never that of another", async () => {
    const views = createProjectionCache();
    for (const of of [organization(), organization()]) {
      const view = await projectOrganization(views, entry(of), paths("organization_id"));
      expect(read(view.body)["organization"]).toEqual({ organization_id: of["organization_id"] });
    }
  });

  test("keeps numbers that a double cannot hold", async () => {
    const text = JSON.stringify(organizationEnvelope(organization({ trusted_metadata: { n: "N" } })));
    const exact = text.replace('"N"', "9007199254740993");
    const view = await projectOrganization(
      createProjectionCache(),
      entry(organization(), { body: bytes(exact) }),
      paths("trusted_metadata.n"),
    );
    expect(new TextDecoder().decode(view.body)).toContain('{"n":9007199254740993}');
  });

  test("takes up 8 MiB at most, whatever is asked for", async () => {
    const views = createProjectionCache();
    for (let i = 0; i < 30; i += 1) {
      const large = organization({ trusted_metadata: { text: "x".repeat(500_000) } });
      await projectOrganization(views, entry(large), paths("trusted_metadata"));
    }
    const held = [...views.entries.values()].reduce(
      (sum, { projection }) => sum + projection.body.byteLength,
      0,
    );
    expect(views.bytes).toBeGreaterThan(held);
    expect(views.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(views.entries.size).toBeGreaterThan(10);
  });
});

describe("the view of a member", () => {
  const envelope = memberEnvelope(member(), organization(), { unknown: "canary" });

  test("without fields is the body as it came", () => {
    const body = bytes(envelope);
    for (const fields of [null, { organization: null, member: null }])
      expect(projectMember(body, fields)).toBe(body);
  });

  test("with fields of one part leaves the other part whole, and the envelope's unknown fields out", () => {
    const view = read(projectMember(bytes(envelope), { organization: null, member: ["status"] }));
    expect(view).toEqual({
      member: { status: "active" },
      member_id: envelope["member_id"],
      organization: envelope["organization"],
      request_id: envelope["request_id"],
      status_code: 200,
    });
  });
});
