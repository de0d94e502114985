/** The Organization object: one upstream request at a time, and answers that arrive in any order. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../../support/bodies.ts";
import { kvKey, statusOf } from "../../support/cached.ts";
import { createIsolate, createKey, type TestIsolate } from "../../support/deployment.ts";
import { kvThat } from "../../support/fakes.ts";
import { organizationPath } from "../../support/paths.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../../support/upstream.ts";

let isolate: TestIsolate;
let key: string;
let org: Json;
let upstream: Upstream;
let byId: string;
let bySlug: string;

beforeEach(async () => {
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["organizations:read"]));
  org = organization();
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  byId = organizationPath(org);
  bySlug = organizationPath(String(org["organization_slug"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test.each(["ID", "slug"])(
  "100 callers of a cold organization by %s in four isolates make one upstream call",
  async (by) => {
    const answered = deferred<() => Response>();
    upstream.answer(async () => (await answered.promise)());
    const isolates = [isolate, createIsolate(), createIsolate(), createIsolate()];
    const calls = Array.from({ length: 100 }, (_, i) =>
      isolates[i % 4]?.call(by === "ID" ? byId : bySlug, { key }),
    );
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    answered.resolve(() => json(organizationEnvelope(org)));
    const answers = await Promise.all(calls);
    expect(answers.map((answer) => answer?.status)).toEqual(Array(100).fill(200));
    const statuses = answers.map((answer) => answer?.headers.get("Cache-Status") ?? "");
    expect(statuses.filter((status) => status === "postern; fwd=miss; fwd-status=200; stored")).toHaveLength(
      1,
    );
    expect(statuses).toContain("postern; fwd=miss; fwd-status=200; stored; collapsed");
    expect(upstream.requests).toHaveLength(1);
  },
);

test("a caller who leaves does not end the request that others wait for", async () => {
  const answered = deferred<() => Response>();
  upstream.answer(async () => (await answered.promise)());
  const leader = isolate.callUntilResponse(byId, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  const follower = createIsolate().call(byId, { key });
  // The leader's answer is never read.
  void leader.catch(() => {});
  answered.resolve(() => json(organizationEnvelope(org)));
  expect((await follower).status).toBe(200);
});

test("a failure reaches all who wait for it, and the next caller asks again", async () => {
  const answered = deferred<() => Response>();
  upstream.answer(async () => (await answered.promise)());
  const calls = [isolate.call(byId, { key }), createIsolate().call(byId, { key })];
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  await scheduler.wait(20);
  answered.resolve(() => stytchError(500, "internal_server_error"));
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([503, 503]);
  upstream.answer(() => json(organizationEnvelope(org)));
  expect((await isolate.call(byId, { key })).status).toBe(200);
});

test("an entry that KV does not show yet is answered by the object", async () => {
  await isolate.call(byId, { key });
  const none = kvThat.isEmpty();
  const far = createIsolate({ ORGANIZATIONS: none });
  const answer = await far.call(byId, { key });
  expect(statusOf(answer)).toBe("postern; hit; ttl=60; detail=memory");
  expect(upstream.requests).toHaveLength(1);
});

test("a slug is answered by the canonical object, until it is another's", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  ({ key } = await createKey(isolate, ["organizations:read"]));
  const blind = () => createIsolate({ ORGANIZATIONS: kvThat.isEmpty() });
  await isolate.call(bySlug, { key });
  expect(statusOf(await blind().call(bySlug, { key }))).toBe("postern; hit; ttl=60; detail=memory");
  expect(upstream.requests).toHaveLength(1);

  // Time passes, the organization is renamed and read again by its ID; then another one takes the slug over.
  vi.setSystemTime(1_800_000_061_000);
  const renamed = { ...org, organization_slug: `${org["organization_slug"]}-old` };
  const other = organization({ organization_slug: org["organization_slug"] });
  upstream.answer(() => json(organizationEnvelope(renamed)));
  await createIsolate().call(byId, { key });
  upstream.answer(() => json(organizationEnvelope(other)));
  for (const reader of [blind(), createIsolate()]) {
    const body = await (await reader.call(bySlug, { key })).json<{ organization: Json }>();
    expect(body.organization["organization_id"]).toBe(other["organization_id"]);
  }
});

test("a slug that is another's external ID means what Stytch says", async () => {
  const text = String(org["organization_slug"]);
  const other = organization({ organization_external_id: text });
  const byOtherId = organizationPath(other);
  upstream.answer(({ url }) => json(organizationEnvelope(url.endsWith(byOtherId) ? other : org)));
  for (const reader of [isolate, createIsolate()]) {
    await reader.call(byOtherId, { key });
    expect(await (await reader.call(bySlug, { key })).json()).toMatchObject({ organization: org });
  }
});

test("an identifier in the form of an ID never matches an organization that does not have it", async () => {
  const id = `organization-test-${crypto.randomUUID()}`;
  upstream.answer(() => json(organizationEnvelope(org)));
  await isolate.call(byId, { key });
  const answer = await isolate.call(organizationPath(id), { key });
  expect(await answer.json()).toMatchObject({ error_type: "upstream_invalid_response" });
});

test("a renamed organization is not found by its old slug in an older entry of KV", async () => {
  await isolate.call(bySlug, { key });
  const renamed = { ...org, organization_slug: `${org["organization_slug"]}-new` };
  const stale = await env.ORGANIZATIONS.getWithMetadata(kvKey(org["organization_id"]), "arrayBuffer");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
  upstream.answer(() => json(organizationEnvelope(renamed)));
  await isolate.call(byId, { key });
  // KV shows the entry of before, as it may for a minute, and with a time at which it would be fresh.
  const metadata = { ...(stale.metadata as object), receivedAt: Date.now() };
  await env.ORGANIZATIONS.put(kvKey(org["organization_id"]), stale.value ?? "", { metadata });
  upstream.answer(() => stytchError(404, "organization_not_found"));
  expect((await isolate.call(bySlug, { key })).status).toBe(404);
});

test("an answer requested before a 404 does not undo it", async () => {
  const slow = deferred<void>();
  upstream.answer(async ({ url }) => {
    if (url.endsWith(bySlug)) await slow.promise;
    return url.endsWith(bySlug)
      ? json(organizationEnvelope(org))
      : stytchError(404, "organization_not_found");
  });
  const first = isolate.call(bySlug, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  await scheduler.wait(5);
  expect((await createIsolate().call(byId, { key })).status).toBe(404);
  slow.resolve();
  expect((await first).status).toBe(200);
  expect((await createIsolate().call(byId, { key })).status).toBe(404);
  expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
});

test("an answer requested in the millisecond of a 404 does not undo it", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  for (const isSlow of ["entry", "404"] as const) {
    org = organization();
    const at = (name: string) => `/v1/b2b/organizations/${org[`organization_${name}`]}`;
    const slow = deferred<undefined>();
    upstream.answer(async ({ url }) => {
      const is = url.endsWith(at("slug")) ? "entry" : "404";
      if (is === isSlow) await slow.promise;
      return is === "entry" ? json(organizationEnvelope(org)) : stytchError(404, "organization_not_found");
    });
    const calls = upstream.requests.length;
    const bySlugNow = createIsolate().call(at("slug"), { key });
    const byIdNow = createIsolate().call(at("id"), { key });
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(calls + 2));
    await (isSlow === "entry" ? byIdNow : bySlugNow);
    slow.resolve(undefined);
    expect([(await bySlugNow).status, (await byIdNow).status]).toEqual([200, 404]);
    expect((await createIsolate().call(at("id"), { key })).status).toBe(404);
  }
});

test("a 404 requested before an answer does not undo it", async () => {
  const slow = deferred<void>();
  upstream.answer(async ({ url }) => {
    if (url.endsWith(bySlug)) return json(organizationEnvelope(org));
    await slow.promise;
    return stytchError(404, "organization_not_found");
  });
  const first = isolate.call(byId, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  await scheduler.wait(5);
  expect((await createIsolate().call(bySlug, { key })).status).toBe(200);
  slow.resolve();
  expect((await first).status).toBe(404);
  const next = await createIsolate().call(byId, { key });
  expect(await next.json()).toMatchObject({ organization: org });
});
