/** Texts that are identifiers of several organizations: each means what Stytch says it means. */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { kvThat } from "../support/fakes.ts";
import { OrganizationsAtStytch, readOrganizationId } from "../support/organizations.ts";
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

const whose = async (reader: TestIsolate, identifier: string) =>
  await readOrganizationId(reader, key, identifier);
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

  describe("an external ID that was another organization's ID", () => {
    let id: string;

    beforeEach(async () => {
      id = stytch.idOf(1);
      expect(await whose(admin, id)).toBe(id);
    });
    /** The organization is deleted, and made again with its old ID as its external ID. */
    const makeAgain = () =>
      stytch.change(1, {
        organization_id: `organization-test-${crypto.randomUUID()}`,
        organization_slug: "made-again",
        organization_external_id: id,
      });

    test("an external ID that was another's ID leads to its new owner everywhere after a lease", async () => {
      const far = createIsolate({ ORGANIZATIONS: await kvThat.lags(id) });
      expect(await whose(far, id)).toBe(id);
      makeAgain();
      const { key: forcingKey } = await createKey(admin, ["organizations:read", "cache:refresh"]);
      const headers = { "Postern-Cache": "refresh" };
      const forced = await admin.call(organizationPath(id), { key: forcingKey, headers });
      expect(forced.status).toBe(200);
      at(LEASE);
      const withoutKv = createIsolate({ ORGANIZATIONS: kvThat.isEmpty() });
      for (const reader of [withoutKv, far, createIsolate(), admin])
        expect(await whose(reader, id)).toBe(stytch.idOf(1));
    });

    test("an external ID that was another's ID has one purge listed, also after an eviction", async () => {
      const listed = vi.spyOn(Directory.prototype, "purge");
      await evictAllDurableObjects();
      makeAgain();
      for (const seconds of [121, 250, 380]) {
        at(seconds);
        expect(await whose(createIsolate(), id)).toBe(stytch.idOf(1));
      }
      await vi.waitFor(() => expect(listed).toHaveBeenCalled());
      // A second one would follow.
      await scheduler.wait(20);
      expect(listed.mock.calls).toEqual([[[id], null]]);
    });
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

  test("an ID in another case ends with its organization, whatever KV shows", async () => {
    ignoreCase();
    await whose(admin, capital());
    const lagging = { ORGANIZATIONS: await kvThat.lags(stytch.idOf(0), capital()) };
    const readers = [createIsolate(lagging), createIsolate()];
    for (const reader of readers) expect(await whose(reader, capital())).toBe(stytch.idOf(0));
    stytch.upstream.answer(() => stytch.respond("https://upstream.test/nobody"));
    const { key: forcingKey } = await createKey(admin, ["organizations:read", "cache:refresh"]);
    const headers = { "Postern-Cache": "refresh" };
    expect((await admin.call(organizationPath(capital()), { key: forcingKey, headers })).status).toBe(404);
    at(LEASE);
    for (const reader of readers) expect(await whose(reader, capital())).toBe(404);
  });
});
