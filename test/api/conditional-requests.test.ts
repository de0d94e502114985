/** `ETag` and `If-None-Match` of an organization (RFC 9110, sections 8.8.3 and 13.1.2). */
import { beforeEach, expect, test } from "vitest";
import { organizationEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import type { TestIsolate } from "../support/deployment.ts";
import { organizationPath } from "../support/paths.ts";
import { type OrganizationSetUp, setUpOrganization } from "../support/setup.ts";
import { json, stytchError, type Upstream } from "../support/upstream.ts";

const clock = useClock();

let setUp: OrganizationSetUp;
let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let path: string;

beforeEach(async () => {
  setUp = await setUpOrganization();
  ({ isolate, upstream, key, path } = setUp);
});

test("the ETag changes with the organization, and not with a mere refresh", async () => {
  const { organization, respond } = setUp;
  upstream.answer(() => json(organizationEnvelope(organization, { not_in_any_sdk: { kept: true } })));
  const first = await isolate.call(path, { key });
  clock.atMs(130_000);
  upstream.answer(respond);
  const second = await isolate.call(path, { key });
  expect(second.headers.get("ETag")).toBe(first.headers.get("ETag"));
  clock.atMs(260_000);
  setUp.change({ trusted_metadata: { plan: "silver" } });
  const third = await isolate.call(path, { key });
  expect(third.headers.get("ETag")).not.toBe(first.headers.get("ETag"));
});

test.each([
  ["the tag", (tag: string) => tag],
  ["the tag in its strong form", (tag: string) => tag.replace("W/", "")],
  ["a list with the tag", (tag: string) => `"other", ${tag} , W/"third"`],
  ["*", () => "*"],
])("If-None-Match of %s is answered 304, without a body", async (_, headerOf) => {
  const tag = String((await isolate.call(path, { key })).headers.get("ETag"));
  const response = await isolate.call(path, { key, headers: { "If-None-Match": headerOf(tag) } });
  expect(response.status).toBe(304);
  expect(await response.text()).toBe("");
  expect(response.headers.get("ETag")).toBe(tag);
  expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
  expect(response.headers.get("Age")).toBe("0");
  expect(response.headers.get("Cache-Control")).toBe("private, no-cache");
  expect(response.headers.get("Vary")).toBe("Authorization");
  expect(response.headers.has("Content-Type")).toBe(false);
});

test("If-None-Match of another tag is answered 200", async () => {
  expect((await isolate.call(path, { key, headers: { "If-None-Match": 'W/"0"' } })).status).toBe(200);
});

test("If-None-Match: * needs a key, and an organization that exists", async () => {
  const headers = { "If-None-Match": "*" };
  expect((await isolate.call(path, { headers })).status).toBe(401);
  upstream.answer(() => stytchError(404, "organization_not_found"));
  const missing = organizationPath(`organization-test-${crypto.randomUUID()}`);
  expect((await isolate.call(missing, { key, headers })).status).toBe(404);
});
