/** A key with fields sees these alone, in fresh and in cached responses. */
import { beforeEach, expect, test } from "vitest";
import { type Json, memberEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { stubTwoOrganizations, type TwoOrganizations } from "../support/two-organizations.ts";
import { json } from "../support/upstream.ts";

const SCOPES = ["organizations:read", "members:dangerously_get"] as const;
const fields = {
  organization: ["organization_id", "organization_name", "trusted_metadata.plan"],
  member: ["email_address", "trusted_metadata.level"],
};

const { at } = useClock();

let stytch: TwoOrganizations;
let isolate: TestIsolate;
let key: string;
let path: string;

beforeEach(async () => {
  stytch = stubTwoOrganizations();
  path = organizationPath(stytch.own);
  isolate = createIsolate();
  ({ key } = await createKey(isolate, SCOPES, { fields }));
});

const projectedOrganization = () => ({
  organization_id: stytch.own["organization_id"],
  organization_name: stytch.own["organization_name"],
  trusted_metadata: { plan: "gold" },
});
const etagOf = (response: Response) => String(response.headers.get("ETag"));

test("a key with fields sees these alone in every isolate, with an ETag of its own", async () => {
  const { key: unrestrictedKey } = await createKey(isolate, SCOPES);
  const whole = await isolate.call(path, { key: unrestrictedKey });
  const { request_id } = await whole.json<{ request_id: string }>();
  for (const reader of [isolate, isolate, createIsolate()]) {
    const response = await reader.call(path, { key });
    expect(await response.json()).toEqual({
      organization: projectedOrganization(),
      request_id,
      status_code: 200,
    });
    expect(etagOf(response)).not.toBe(etagOf(whole));
  }
  const headers = { "If-None-Match": etagOf(await isolate.call(path, { key })) };
  expect((await isolate.call(path, { key, headers })).status).toBe(304);
  expect((await isolate.call(path, { key: unrestrictedKey, headers })).status).toBe(200);
});

test("a key may see a field with a dot in its name, and no other by the same dots", async () => {
  const trusted_metadata = { "acme.com": "seen", acme: { com: "hidden" }, 'a"b': "seen", other: "hidden" };
  stytch.own = { ...stytch.own, trusted_metadata };
  const organization = ['trusted_metadata."acme.com"', 'trusted_metadata."a\\"b"'];
  const { key: bound } = await createKey(isolate, SCOPES, { fields: { organization } });
  for (const _ of ["miss", "hit"]) {
    const body = await (await isolate.call(path, { key: bound })).json<Json>();
    expect(body["organization"]).toEqual({ trusted_metadata: { "acme.com": "seen", 'a"b': "seen" } });
  }
});

test("the ETag of a key with fields changes only with one of the fields", async () => {
  const before = etagOf(await isolate.call(path, { key }));
  at(130);
  stytch.own = { ...stytch.own, email_allowed_domains: ["changed.example"] };
  expect(etagOf(await isolate.call(path, { key }))).toBe(before);
  at(260);
  stytch.own = { ...stytch.own, organization_name: "Changed" };
  expect(etagOf(await isolate.call(path, { key }))).not.toBe(before);
});

test("a key with fields sees those of member and organization in one response", async () => {
  const { ownMember } = stytch;
  const response = await isolate.call(memberPath(ownMember), { key });
  expect(await response.json()).toEqual({
    member: { email_address: ownMember["email_address"], trusted_metadata: { level: 7 } },
    member_id: ownMember["member_id"],
    organization: projectedOrganization(),
    request_id: expect.any(String),
    status_code: 200,
  });
});

test("a key with fields gets no field of the envelope that Postern does not know", async () => {
  const { own, ownMember, upstream } = stytch;
  upstream.answer(() => json(memberEnvelope(ownMember, own, { session_token: "canary" })));
  const { key } = await createKey(isolate, SCOPES, { fields: { organization: ["organization_id"] } });
  const body = await (await isolate.call(memberPath(ownMember), { key })).json<Json>();
  expect(Object.keys(body)).toEqual(["member", "member_id", "organization", "request_id", "status_code"]);
  expect(body["member"]).toEqual(ownMember);
});
