/** Walks the table of operations: what a failure, a refusal or a 404 of Stytch means for each cached read. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { CACHED_OPERATIONS, MEMBER_OPERATIONS } from "../../src/api/operations.ts";
import type { Json } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { skipRetryDelays } from "../support/failing-upstream.ts";
import { objectsThat } from "../support/fakes.ts";
import { REFUSALS } from "../support/refusals.ts";
import { pathInWorld } from "../support/stytch-world.ts";
import { deferred, json, stytchError } from "../support/upstream.ts";
import { isolate, useWorld, world } from "../support/world-isolate.ts";

const clock = useWorld();
const LEASE_SECONDS = 5;
/** The entry is too old to be served, unless Stytch fails. */
const STALE_IF_ERROR_SECONDS = 130;

const PROJECT_POLICY = "/v1/b2b/rbac/policy";
const CONNECTED_APP = "/v1/b2b/organizations/:organization_id/connected_apps/:connected_app_id";

/** Errors that are never about what was asked for, whatever is read. */
const HIDDEN: typeof REFUSALS = [
  ...REFUSALS,
  ["400 about a member", () => stytchError(400, "invalid_member_id")],
  ["400 about an address", () => stytchError(400, "invalid_email")],
  ["404 about a policy", () => stytchError(404, "rbac_policy_not_found")],
  ["another shape", () => json({ status_code: 200, org_policy: "none" })],
];

describe.each(CACHED_OPERATIONS)("$path", ({ path: pattern, scope }) => {
  /** Answers that are about what is read: the status that callers get, and the error of Stytch. */
  const ends: [number, string][] =
    pattern === PROJECT_POLICY
      ? []
      : [
          [404, "organization_not_found"],
          [400, "invalid_organization_id"],
          [400, "bad_request"],
        ];
  if (pattern === CONNECTED_APP)
    ends.push([404, "connected_app_not_found"], [400, "invalid_connected_app_id"]);
  const others: [number, string][] =
    pattern === CONNECTED_APP
      ? []
      : [
          [404, "connected_app_not_found"],
          [400, "invalid_connected_app_id"],
        ];
  if (pattern === PROJECT_POLICY)
    others.push([404, "organization_not_found"], [400, "invalid_organization_id"], [400, "bad_request"]);

  const readWith = async (fields: { key: string; reader?: TestIsolate }) =>
    await (fields.reader ?? isolate).call(pathInWorld(world, pattern), { key: fields.key });

  test("a refusal of Postern is hidden, ends nothing and is degraded in the log", {
    timeout: 30_000,
  }, async () => {
    const { key } = await createKey(isolate, [scope]);
    await readWith({ key });
    clock.at(STALE_IF_ERROR_SECONDS);
    const refusals = [
      ...HIDDEN,
      ...others.map(([status, type]) => [type, () => stytchError(status, type)] as const),
    ];
    const reader = createIsolate();
    for (const [name, respond] of refusals) {
      world.upstream.answer(respond);
      // Memory and the lease have ended by then.
      clock.advance(31);
      const hidden = await readWith({ key, reader });
      expect(hidden.status, name).toBe(200);
      expect(hidden.headers.get("Cache-Status"), name).toMatch(/^postern; hit; ttl=-\d+; detail=kv$/);
      expect(logLines().at(-1), name).toMatchObject({ degraded: ["upstream"] });
    }
    expect(world.upstream.requests).toHaveLength(1 + refusals.length);
    skipRetryDelays();
    world.upstream.answer(() => stytchError(503, "x"));
    clock.advance(31);
    for (const one of [isolate, createIsolate()])
      expect((await readWith({ key, reader: one })).status).toBe(200);
  });

  test.each(ends)("a %i %s is not hidden, and ends the entry everywhere", async (status, type) => {
    const { key } = await createKey(isolate, [scope]);
    const other = createIsolate();
    for (const reader of [isolate, other]) await readWith({ key, reader });
    clock.at(STALE_IF_ERROR_SECONDS);
    world.upstream.answer(() => stytchError(status, type));
    const ended = await readWith({ key });
    expect(ended.status).toBe(status);
    if (status === 400) expect(await ended.json()).toMatchObject({ error_type: type });
    world.upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    clock.advance(Math.max(LEASE_SECONDS, 11));
    for (const reader of [isolate, other, createIsolate()]) {
      expect((await readWith({ key, reader })).status).toBe(502);
    }
  });

  test("a forced refresh asks Stytch, and its answer is cached", async () => {
    const { key } = await createKey(isolate, [scope, "cache:refresh"]);
    const path = pathInWorld(world, pattern);
    await isolate.call(path, { key });
    const forced = await isolate.call(path, { key, headers: { "Postern-Cache": "refresh" } });
    expect(forced.headers.get("Cache-Status")).toBe("postern; fwd=request; fwd-status=200; stored");
    expect((await isolate.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
    expect(world.upstream.requests).toHaveLength(2);
  });

  if (pattern !== PROJECT_POLICY) {
    test("a 404 is remembered for CACHE_NEGATIVE_SECONDS, and not in KV", async () => {
      const { key } = await createKey(isolate, [scope]);
      const organization = `organization-test-${crypto.randomUUID()}`;
      const path = pathInWorld(world, pattern, { organization });
      for (const seconds of [0, 1, 9.9]) {
        clock.at(seconds);
        expect((await isolate.call(path, { key })).status).toBe(404);
        expect((await createIsolate().call(path, { key })).status).toBe(404);
      }
      expect(world.upstream.requests).toHaveLength(1);
      clock.at(10.1);
      expect((await isolate.call(path, { key })).status).toBe(404);
      expect(world.upstream.requests).toHaveLength(2);
      const { keys } = await env.ORGANIZATIONS.list();
      expect(keys.filter(({ name }) => name.includes(organization))).toEqual([]);
    });

    test("30 callers of a cold slug in three isolates ask Stytch once for each thing", async () => {
      const { key } = await createKey(isolate, [scope]);
      const isolates = [isolate, createIsolate(), createIsolate()];
      const open = deferred<void>();
      world.upstream.answer(async ({ url }) => {
        await open.promise;
        return world.respond(url);
      });
      const path = pathInWorld(world, pattern, { organization: world.slug });
      const reads = Array.from({ length: 30 }, (_, i) => isolates[i % 3]?.call(path, { key }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      open.resolve();
      for (const response of await Promise.all(reads)) expect(response?.status).toBe(200);
      const urls = world.upstream.requests.map(({ url }) => url);
      expect(urls).toHaveLength(new Set(urls).size);
    });
  }

  test("it is read from Stytch, and purged, while its object fails", async () => {
    const { key } = await createKey(isolate, [scope]);
    const alone = createIsolate({ ORGANIZATION: objectsThat.fail() });
    expect((await readWith({ key, reader: alone })).status).toBe(200);
    expect((await readWith({ key, reader: alone })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
    const what =
      pattern === PROJECT_POLICY ? { rbac_policy: true } : { organization_id: world.organizationId };
    expect((await alone.admin("POST", "/admin/cache/purge", what)).status).toBe(200);
    expect((await readWith({ key, reader: alone })).headers.get("Cache-Status")).toMatch(
      /^postern; fwd=miss/,
    );
    expect(world.upstream.requests).toHaveLength(2);
  });

  test("a body of 1 MiB is answered, and one of a byte more is 502", async () => {
    const { key } = await createKey(isolate, [scope]);
    const path = new URL(pathInWorld(world, pattern), "https://stytch.test").href;
    const body = await world.respond(path).json<Json>();
    const bytes = new TextEncoder().encode(JSON.stringify({ ...body, padding: "" })).byteLength;
    const padded = (size: number) => json({ ...body, padding: "x".repeat(size - bytes) });
    world.upstream.answer(() => padded(1024 * 1024 + 1));
    expect((await readWith({ key })).status).toBe(502);
    world.upstream.answer(() => padded(1024 * 1024));
    const whole = await readWith({ key });
    expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([200, 1024 * 1024]);
  });
});

const OPERATIONS = [...CACHED_OPERATIONS, ...MEMBER_OPERATIONS].map(({ path, scope }) => ({ path, scope }));

const limit = (seconds: string | null) => () =>
  json({ error_type: "too_many_requests" }, 429, seconds === null ? {} : { "Retry-After": seconds });

describe.each(OPERATIONS)("a 429 to $path", ({ path: pattern, scope }) => {
  const anotherPath = () =>
    pathInWorld(world, pattern, {
      organization: `organization-test-${crypto.randomUUID()}`,
      member: `member-test-${crypto.randomUUID()}`,
    });

  test.each([
    ["4", 4],
    [null, 2],
    ["soon", 2],
  ])("with Retry-After %s pauses what was asked for, and callers are told %i s", async (header, seconds) => {
    const { key } = await createKey(isolate, [scope]);
    world.upstream.answer(limit(header));
    for (const left of [seconds, seconds - 1]) {
      const refused = await isolate.call(pathInWorld(world, pattern), { key });
      expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, String(left)]);
      expect(await refused.json()).toMatchObject({ error_type: "upstream_rate_limited" });
      clock.advance(1);
    }
    expect(world.upstream.requests).toHaveLength(1);
    world.upstream.answer(({ url }) => world.respond(url));
    clock.at(seconds);
    expect((await isolate.call(pathInWorld(world, pattern), { key })).status).toBe(200);
  });

  if (pattern === PROJECT_POLICY) return;

  test("for three different objects in a row pauses the operation, and no other", async () => {
    const { key } = await createKey(
      isolate,
      OPERATIONS.map((one) => one.scope),
    );
    world.upstream.answer(limit(null));
    for (const left of [2, 2, 2, 2, 2]) {
      const refused = await isolate.call(anotherPath(), { key });
      expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, String(left)]);
    }
    expect(world.upstream.requests).toHaveLength(3);
    world.upstream.answer(({ url }) => world.respond(url));
    for (const one of OPERATIONS.filter(({ path }) => path !== pattern)) {
      expect((await isolate.call(pathInWorld(world, one.path), { key })).status, one.path).toBe(200);
    }
    clock.at(2);
    expect((await isolate.call(pathInWorld(world, pattern), { key })).status).toBe(200);
  });
});
