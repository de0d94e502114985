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
  test("an ID that is another's slug or external ID is never answered with that one", async () => {
    const id = `organization-test-${crypto.randomUUID()}`;
    stytch.change(0, { organization_slug: id, organization_external_id: id });
    for (const name of [stytch.idOf(0), id, stytch.idOf(0), id]) {
      expect(await whose(createIsolate(), name)).toBe(name === id ? 502 : stytch.idOf(0));
    }
  });

  test("an ID without a UUID may be a slug, but names the organization with that ID", async () => {
    stytch.change(0, { organization_id: "org_1" });
    stytch.change(1, { organization_slug: "org_1" });
    for (const name of [stytch.idOf(1), "org_1", stytch.idOf(1), "org_1"]) {
      expect(await whose(createIsolate(), name)).toBe(name === "org_1" ? "org_1" : stytch.idOf(1));
    }
  });
});
