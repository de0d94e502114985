/** Texts that are identifiers of several organizations: each means what Stytch says it means. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { OrganizationsAtStytch } from "../support/organizations.ts";
import { organizationPath } from "../support/paths.ts";

const { at } = useClock();
const LEASE = 5;

let admin: TestIsolate;
let stytch: OrganizationsAtStytch;
let key: string;

beforeEach(async () => {
  stytch = new OrganizationsAtStytch(2);
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read"]));
});

/** The ID of the organization that the caller is answered with, or the status. */
async function whose(reader: TestIsolate, identifier: string): Promise<unknown> {
  const response = await reader.call(organizationPath(identifier), { key });
  if (response.status !== 200) return response.status;
  return (await response.json<{ organization: Json }>()).organization["organization_id"];
}
describe("a text that is one organization's slug and another's external ID", () => {
  test("a slug that is another's external ID means what Stytch says, and is cached", async () => {
    const text = stytch.slugOf(0);
    stytch.change(1, { organization_external_id: text });
    const readers = [createIsolate(), createIsolate()];
    for (const reader of [...readers, ...readers]) {
      for (const name of [stytch.idOf(1), text, stytch.idOf(0), text, stytch.idOf(1), text]) {
        expect(await whose(reader, name)).toBe(name === stytch.idOf(1) ? stytch.idOf(1) : stytch.idOf(0));
      }
    }
    at(LEASE);
    for (const name of [text, stytch.idOf(0), stytch.idOf(1)]) await whose(admin, name);
    const calls = stytch.upstream.requests.length;
    at(2 * LEASE);
    for (const reader of [createIsolate(), admin]) {
      for (const name of [stytch.idOf(1), text, stytch.idOf(0)]) {
        expect(await whose(reader, name)).toBe(name === stytch.idOf(1) ? stytch.idOf(1) : stytch.idOf(0));
      }
    }
    expect(stytch.upstream.requests).toHaveLength(calls);
  });
});

describe("an identifier that looks like an ID", () => {
  test.each(["organization_slug", "organization_external_id"])(
    "a %s in the form of an ID is answered and cached like any other",
    async (field) => {
      const name = `organization-test-${crypto.randomUUID()}`;
      stytch.change(0, { [field]: name });
      const reader = createIsolate();
      expect(await whose(reader, name)).toBe(stytch.idOf(0));
      const calls = stytch.upstream.requests.length;
      for (const next of [reader, createIsolate()]) {
        for (const text of [name, stytch.idOf(0)]) expect(await whose(next, text)).toBe(stytch.idOf(0));
      }
      expect(stytch.upstream.requests).toHaveLength(calls);
      expect(await whose(reader, name.toUpperCase())).toBe(404);
    },
  );

  test("an answer without the asked ID is 502, in whatever form the answer's own names are", async () => {
    const asked = `organization-test-${crypto.randomUUID()}`;
    stytch.change(0, { organization_external_id: `organization-test-${crypto.randomUUID()}` });
    stytch.upstream.answer(() => stytch.respond(`https://upstream.test/${stytch.idOf(0)}`));
    for (const text of [asked, asked.toUpperCase(), asked.replace("organization", "member")])
      expect(await whose(createIsolate(), text)).toBe(502);
  });

  test("an external ID that was another organization's ID is that one's no longer", async () => {
    const id = stytch.idOf(1);
    const readers = [admin, createIsolate()];
    for (const reader of readers) expect(await whose(reader, id)).toBe(id);
    // The organization was deleted, and made again with its old ID as its external ID.
    stytch.change(1, { organization_id: `organization-test-${crypto.randomUUID()}` });
    stytch.change(1, { organization_slug: "made-again", organization_external_id: id });
    at(121);
    expect(await whose(admin, id)).toBe(stytch.idOf(1));
    at(121 + LEASE);
    for (const reader of [...readers, createIsolate()])
      expect([await whose(reader, id), await whose(reader, id)]).toEqual([stytch.idOf(1), stytch.idOf(1)]);
  });

  test("a forced read of such an external ID is not followed by the old organization", async () => {
    const id = stytch.idOf(1);
    const { key: forcingKey } = await createKey(admin, ["organizations:read", "cache:refresh"]);
    const far = createIsolate();
    for (const reader of [admin, far]) await whose(reader, id);
    stytch.change(1, { organization_id: `organization-test-${crypto.randomUUID()}` });
    stytch.change(1, { organization_slug: "made-again", organization_external_id: id });
    const headers = { "Postern-Cache": "refresh" };
    expect((await admin.call(organizationPath(id), { key: forcingKey, headers })).status).toBe(200);
    at(LEASE);
    for (const reader of [far, createIsolate(), admin]) expect(await whose(reader, id)).toBe(stytch.idOf(1));
  });

  test("an ID without a UUID may be a slug, but names the organization with that ID", async () => {
    stytch.change(0, { organization_id: "org_1" });
    stytch.change(1, { organization_slug: "org_1" });
    for (const name of [stytch.idOf(1), "org_1", stytch.idOf(1), "org_1"]) {
      expect(await whose(createIsolate(), name)).toBe(name === "org_1" ? "org_1" : stytch.idOf(1));
    }
  });
});

describe("an ID in another case", () => {
  const capital = () => stytch.idOf(0).toUpperCase();
  /** As an upstream that ignores the case of IDs. */
  const ignoreCase = () =>
    stytch.upstream.answer(({ url }) => stytch.respond(url.replace(/[^/]*$/, (id) => id.toLowerCase())));

  test("an ID in another case is the same entry if Stytch answers it, and is asked for once", async () => {
    ignoreCase();
    expect(await whose(admin, stytch.idOf(0))).toBe(stytch.idOf(0));
    expect(await whose(admin, capital())).toBe(stytch.idOf(0));
    const calls = stytch.upstream.requests.length;
    for (const reader of [admin, createIsolate(), createIsolate()]) {
      for (const text of [capital(), stytch.idOf(0), capital()])
        expect(await whose(reader, text)).toBe(stytch.idOf(0));
    }
    const inMemory = await admin.call(organizationPath(capital()), { key });
    expect(inMemory.headers.get("Cache-Status")).toMatch(/^postern; hit; ttl=\d+; detail=memory$/);
    expect(stytch.upstream.requests).toHaveLength(calls);
  });

  test("an ID in another case is 404 if Stytch does not answer it, even if the entry is held", async () => {
    expect(await whose(admin, stytch.idOf(0))).toBe(stytch.idOf(0));
    for (const reader of [admin, createIsolate()]) expect(await whose(reader, capital())).toBe(404);
    expect(await whose(admin, stytch.idOf(0))).toBe(stytch.idOf(0));
  });

  test("an ID in another case ends with its organization", async () => {
    ignoreCase();
    const readers = [admin, createIsolate()];
    for (const reader of readers) expect(await whose(reader, capital())).toBe(stytch.idOf(0));
    stytch.upstream.answer(() => stytch.respond("https://upstream.test/nobody"));
    at(121);
    for (const text of [stytch.idOf(0), capital()]) expect(await whose(admin, text)).toBe(404);
    at(121 + LEASE);
    for (const reader of readers) expect(await whose(reader, capital())).toBe(404);
  });
});
