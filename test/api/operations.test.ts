/** Walks the table of operations: what holds for each of them, whatever it reads. */
import { describe, expect, test } from "vitest";
import { CACHED_OPERATIONS, MEMBER_OPERATIONS } from "../../src/api/operations.ts";
import { SCOPES } from "../../src/keys/record.ts";
import type { Json } from "../support/bodies.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { skipRetryDelays } from "../support/failing-upstream.ts";
import { pathInWorld, type WorldNames } from "../support/stytch-world.ts";
import { isolate, useWorld, world } from "../support/world-isolate.ts";

const clock = useWorld();

const OPERATIONS = [...CACHED_OPERATIONS, ...MEMBER_OPERATIONS].map(({ path, scope }) => ({ path, scope }));
/** Those whose answer holds the organization or a member. */
const PROJECTED = [
  "/v1/b2b/organizations/:organization_id",
  "/v1/b2b/organizations/:organization_id/member",
  "/v1/b2b/organizations/members/dangerously_get/:member_id",
];

const pathOf = (pattern: string, names?: WorldNames) => pathInWorld(world, pattern, names);

test("the table has every operation of the contract", () => {
  expect(OPERATIONS.map(({ path }) => path).toSorted()).toEqual([
    "/v1/b2b/organizations/:organization_id",
    "/v1/b2b/organizations/:organization_id/connected_apps",
    "/v1/b2b/organizations/:organization_id/connected_apps/:connected_app_id",
    "/v1/b2b/organizations/:organization_id/member",
    "/v1/b2b/organizations/:organization_id/metrics",
    "/v1/b2b/organizations/members/dangerously_get/:member_id",
    "/v1/b2b/rbac/organizations/:organization_id",
    "/v1/b2b/rbac/policy",
  ]);
});

describe.each(OPERATIONS)("$path", ({ path: pattern, scope }) => {
  const isCached = CACHED_OPERATIONS.some(({ path }) => path === pattern);
  const hasOrganization = pattern !== "/v1/b2b/rbac/policy";

  test("it is answered with its scope alone, as GET and as HEAD", async () => {
    const { key } = await createKey(isolate, [scope]);
    for (const method of ["GET", "HEAD"]) {
      const response = await isolate.call(pathOf(pattern), { key, method });
      expect(response.status, method).toBe(200);
      expect(response.headers.get("Cache-Status")).toMatch(
        isCached ? /^postern; (fwd=miss|hit)/ : /fwd=bypass/,
      );
      expect(response.headers.get("Vary")).toBe("Authorization");
      expect(response.headers.get("Server-Timing")).toMatch(/^key;dur=/);
      expect(response.headers.get("Cache-Control")).toBe(isCached ? "private, no-cache" : "no-store");
      expect(Object.fromEntries(response.headers)).not.toHaveProperty("x-upstream-canary");
    }
  });

  test("a key with every other scope is 403, and Stytch is not asked", async () => {
    const others = SCOPES.filter((one) => one !== scope);
    const { key } = await createKey(isolate, others);
    const response = await isolate.call(pathOf(pattern), { key });
    expect(response.status).toBe(403);
    expect(response.headers.get("WWW-Authenticate")).toContain(`scope="${scope}"`);
    expect(world.upstream.requests).toEqual([]);
  });

  test("no key, a forged key and another method are refused", async () => {
    const { key } = await createKey(isolate, [scope]);
    expect((await isolate.call(pathOf(pattern))).status).toBe(401);
    const forged = key.slice(0, -1) + (key.endsWith("a") ? "b" : "a");
    expect((await isolate.call(pathOf(pattern), { key: forged })).status).toBe(401);
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const response = await isolate.call(pathOf(pattern), { key, method });
      expect([response.status, response.headers.get("Allow")], method).toEqual([405, "GET, HEAD"]);
    }
    expect(world.upstream.requests).toEqual([]);
  });

  test("no header, query or body of the caller reaches Stytch", async () => {
    const { key } = await createKey(isolate, [scope]);
    const path = pathOf(pattern);
    await isolate.call(`${path}${path.includes("?") ? "&" : "?"}canary=1`, {
      key,
      headers: { "X-Canary": "canary", Cookie: "canary=1", "User-Agent": "canary" },
    });
    expect(world.upstream.requests).toHaveLength(1);
    const [sent] = world.upstream.requests;
    expect(sent?.url).not.toContain("canary");
    const headers = sent?.headers ?? {};
    expect(Object.keys(headers).toSorted()).toEqual(["accept", "authorization", "user-agent", "via"]);
    expect(headers["user-agent"]).toMatch(/^postern\//);
  });

  test("a forced refresh needs cache:refresh", async () => {
    const { key } = await createKey(isolate, [scope]);
    const response = await isolate.call(pathOf(pattern), { key, headers: { "Postern-Cache": "refresh" } });
    expect(response.status).toBe(403);
    expect(world.upstream.requests).toEqual([]);
  });

  test("no identifier or address shows in a log line", async () => {
    const { key } = await createKey(isolate, [scope]);
    await isolate.call(pathOf(pattern), { key });
    const lines = JSON.stringify(logLines());
    for (const secret of [world.memberId, world.appId, "ada@acme.example"])
      expect(lines).not.toContain(secret);
    const route = pattern.replace(/:(\w+)/g, "{$1}");
    expect(logLines().at(-1)).toMatchObject({ route, status: 200 });
  });

  if (hasOrganization) {
    test("an identifier out of bounds is 400, and is not sent", async () => {
      const { key } = await createKey(isolate, [scope]);
      for (const name of ["a/b", "x".repeat(257), "\u0007", "a%b"]) {
        const response = await isolate.call(
          pathOf(pattern, pattern.includes(":organization_id") ? { organization: name } : { member: name }),
          { key },
        );
        expect(response.status, name).toBe(400);
      }
      expect(world.upstream.requests).toEqual([]);
    });

    test("an identifier is encoded, and cannot change the path or query sent to Stytch", async () => {
      const { key } = await createKey(isolate, [scope]);
      const name = `ext|1&x=1;é${crypto.randomUUID()}`;
      const names = pattern.includes(":organization_id") ? { organization: name } : { member: name };
      expect((await isolate.call(pathOf(pattern, names), { key })).status).toBe(404);
      expect(world.upstream.requests).toHaveLength(1);
      expect(world.upstream.requests[0]?.url).toContain(encodeURIComponent(name));
    });

    test("a bound key reads its own organization by any name, and no other", async () => {
      const { key: own } = await createKey(isolate, [scope], { organization_ids: [world.organizationId] });
      const { key: stranger } = await createKey(isolate, [scope], {
        organization_ids: ["organization-test-11111111-1111-4111-8111-111111111111"],
      });
      const names = pattern.includes(":organization_id")
        ? [world.organizationId, world.slug]
        : [world.organizationId];
      for (const organization of names) {
        expect((await isolate.call(pathOf(pattern, { organization }), { key: own })).status).toBe(200);
        const hidden = await isolate.call(pathOf(pattern, { organization }), { key: stranger });
        const missing = await isolate.call(
          pathOf(pattern, { organization: `none-${crypto.randomUUID()}`, member: "member-none" }),
          { key: stranger },
        );
        expect(hidden.status).toBe(404);
        expect(await textOf(hidden)).toEqual(await textOf(missing));
        expect(namesOf(hidden)).toEqual(namesOf(missing));
      }
    });
  }

  if (PROJECTED.includes(pattern)) {
    test("the fields of the key apply", async () => {
      const { key } = await createKey(isolate, [scope], {
        fields: { organization: ["organization_name"], member: ["status"] },
      });
      const body = await (await isolate.call(pathOf(pattern), { key })).json<Json>();
      expect(body["organization"]).toEqual({ organization_name: world.organization["organization_name"] });
      if ("member" in body) expect(body["member"]).toEqual({ status: "active" });
    });
  }

  if (isCached) {
    test("the second read is a hit that makes no I/O, and a known ETag is 304", async () => {
      const { key } = await createKey(isolate, [scope]);
      const first = await isolate.call(pathOf(pattern), { key });
      isolate.resetCounts();
      const second = await isolate.call(pathOf(pattern), { key });
      expect(second.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
      expect(await second.text()).toBe(await first.text());
      const etag = second.headers.get("ETag") ?? "";
      expect(etag).toMatch(/^W\/"[0-9a-f]{32}"$/);
      const third = await isolate.call(pathOf(pattern), { key, headers: { "If-None-Match": etag } });
      expect(third.status).toBe(304);
      expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
      expect(world.upstream.requests).toHaveLength(1);
    });

    test("another isolate hits KV, and a stale answer hides a failing Stytch", async () => {
      const { key } = await createKey(isolate, [scope]);
      await isolate.call(pathOf(pattern), { key });
      const other = createIsolate();
      const response = await other.call(pathOf(pattern), { key });
      expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=kv");
      skipRetryDelays();
      world.upstream.answer(() => new Response("no", { status: 503 }));
      clock.at(130);
      expect((await other.call(pathOf(pattern), { key })).status).toBe(200);
    });
  }
});

const textOf = async (response: Response) => {
  const { request_id: _, ...body } = await response.json<Json>();
  return body;
};
const namesOf = (response: Response) => [...response.headers.keys()];
