/** A key that is bound to organizations cannot tell another organization from a missing one, cached or not. */
import { beforeEach, expect, test } from "vitest";
import { memberEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { identifiersOf, stubTwoOrganizations, type TwoOrganizations } from "../support/two-organizations.ts";
import { json } from "../support/upstream.ts";

const SCOPES = ["organizations:read", "members:dangerously_get"] as const;

useClock();

let stytch: TwoOrganizations;
let isolate: TestIsolate;
let key: string;
let unboundKey: string;

beforeEach(async () => {
  stytch = stubTwoOrganizations();
  isolate = createIsolate();
  const organization_ids = [stytch.own["organization_id"]];
  ({ key } = await createKey(isolate, SCOPES, { organization_ids }));
  ({ key: unboundKey } = await createKey(isolate, SCOPES));
});

/** All that a caller can compare in a response, without what differs in every response. */
async function comparable(response: Response): Promise<unknown> {
  const { "x-request-id": id, date: _, ...headers } = Object.fromEntries(response.headers);
  return { status: response.status, headers, body: (await response.text()).replaceAll(String(id), "") };
}

test("a bound key reads its own organization by every identifier, and its members", async () => {
  for (const identifier of identifiersOf(stytch.own))
    expect((await isolate.call(organizationPath(identifier), { key })).status).toBe(200);
  expect((await isolate.call(memberPath(stytch.ownMember), { key })).status).toBe(200);
});

test.each([
  ["GET", {}],
  ["HEAD", {}],
  ["GET", { "If-None-Match": "*" }],
])("a bound key cannot tell another organization from a missing one by %s %j", async (method, headers) => {
  const read = async (identifier: string) =>
    await comparable(await isolate.call(organizationPath(identifier), { key, method, headers }));
  const missing = [
    `organization-test-${crypto.randomUUID()}`,
    `slug-${crypto.randomUUID()}`,
    `ext|${crypto.randomUUID()}`,
  ];
  for (const isCached of [false, true]) {
    if (isCached)
      for (const identifier of identifiersOf(stytch.other))
        await isolate.call(organizationPath(identifier), { key: unboundKey });
    for (const [index, identifier] of identifiersOf(stytch.other).entries()) {
      const response = await read(identifier);
      expect(response).toEqual(await read(String(missing[index])));
      expect(response).toMatchObject({ status: 404 });
    }
  }
});

test("a bound key reads its organization by a slug or external ID in the form of another ID", async () => {
  const id = () => `organization-test-${crypto.randomUUID()}`;
  stytch.own = { ...stytch.own, organization_slug: id(), organization_external_id: id() };
  for (const identifier of identifiersOf(stytch.own))
    expect((await isolate.call(organizationPath(identifier), { key })).status).toBe(200);
});

test("a bound key cannot tell a member of another organization from a missing one", async () => {
  const other = await comparable(await isolate.call(memberPath(stytch.otherMember), { key }));
  const missing = await comparable(
    await isolate.call(memberPath(`member-test-${crypto.randomUUID()}`), { key }),
  );
  expect(other).toEqual(missing);
  expect(other).toMatchObject({ status: 404 });
});

test("a bound key is refused a member whose response names two organizations", async () => {
  const { own, other, ownMember, upstream } = stytch;
  upstream.answer(() => json(memberEnvelope(ownMember, other)));
  expect((await isolate.call(memberPath(ownMember), { key })).status).toBe(404);
  const organization_id = other["organization_id"];
  upstream.answer(() => json(memberEnvelope({ ...ownMember, organization_id }, own)));
  expect((await isolate.call(memberPath(ownMember), { key })).status).toBe(404);
});
