/** Entries past their freshness: answered at once while they are refreshed, and in place of an upstream that fails. */

import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/admin/directory.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { kvKey, nameIn, statusOf } from "../support/cached.ts";
import { type Isolate, mint, newIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { json, later, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;

let isolate: Isolate;
let upstream: Upstream;
let key: string;
let org: Json;
let path: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  org = organization();
  path = `/v1/b2b/organizations/${org["organization_id"]}`;
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  isolate = newIsolate();
  ({ key } = await mint(isolate, ["organizations:read"]));
  await isolate.call(path, { key });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (seconds: number) => vi.setSystemTime(NOW + seconds * 1_000);
const rename = (name: string) => {
  org = { ...org, organization_name: name };
};

describe("a stale entry", () => {
  test("is answered without waiting for Stytch, which is asked behind the answer", async () => {
    at(72);
    const mayAnswer = later<void>();
    rename("Renamed");
    upstream.answer(async () => {
      await mayAnswer.promise;
      return json(organizationEnvelope(org));
    });
    const reader = newIsolate();
    const stale = await reader.callOnly(path, { key });
    expect(statusOf(stale)).toBe("postern; hit; ttl=-12; detail=kv");
    expect(stale.headers.get("Age")).toBe("72");
    expect(stale.headers.get("Cache-Control")).toBe("private, max-age=0");
    expect(await nameIn(stale)).toBe("Ärmel & Söhne 株式会社");
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(2));
    mayAnswer.resolve();
    await vi.waitFor(async () => expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed"));
    expect(await nameIn(await newIsolate().call(path, { key }))).toBe("Renamed");
    expect(upstream.requests).toHaveLength(2);
  });

  test("of which many want one at once is refreshed once", async () => {
    at(72);
    const isolates = [newIsolate(), newIsolate()];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => isolates[i % 2]?.call(path, { key })),
    );
    for (const answer of answers) expect(answer?.status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
  });

  test("is stale to its last millisecond, and then the caller waits for Stytch", async () => {
    vi.setSystemTime(NOW + 119_999);
    upstream.answer(() => stytchError(500, "x"));
    expect(statusOf(await newIsolate().call(path, { key }))).toBe("postern; hit; ttl=-59; detail=kv");
    vi.setSystemTime(NOW + 121_000);
    upstream.answer(() => json(organizationEnvelope(org)));
    expect(statusOf(await newIsolate().call(path, { key }))).toBe(
      "postern; fwd=miss; fwd-status=200; stored",
    );
  });

  test("is answered with 304 to whom it is known, and its ETag outlives the refresh", async () => {
    const tag = String((await isolate.call(path, { key })).headers.get("ETag"));
    at(72);
    for (const reader of [newIsolate(), newIsolate()]) {
      expect((await reader.call(path, { key, headers: { "If-None-Match": tag } })).status).toBe(304);
    }
  });
});

describe("an upstream that fails", () => {
  test.each<[string, () => Response | Promise<Response>]>([
    ["a connection that fails", () => Promise.reject(new TypeError("refused"))],
    ["500", () => stytchError(500, "x")],
    ["503", () => stytchError(500, "x")],
    ["429", () => stytchError(429, "too_many_requests")],
    ["a body that is not JSON", () => new Response("<html>")],
    ["a body against the schema", () => json({ request_id: "r", organization: {} })],
    ["a timeout", () => Promise.reject(new DOMException("late", "TimeoutError"))],
  ])("by %s is hidden by the last valid answer, to the last second of its time", async (_, answer) => {
    upstream.answer(answer);
    for (const seconds of [72, 121, 3_719]) {
      at(seconds);
      const hidden = await newIsolate().call(path, { key });
      expect(statusOf(hidden)).toBe(`postern; hit; ttl=${60 - seconds}; detail=kv`);
      expect(await nameIn(hidden)).toBe("Ärmel & Söhne 株式会社");
    }
    at(3_720);
    expect((await newIsolate().call(path, { key })).status).toBeGreaterThanOrEqual(502);
  });

  test("is named in the log where it was hidden", async () => {
    upstream.answer(() => stytchError(500, "x"));
    at(121);
    await newIsolate().call(path, { key });
    expect(logLines().at(-1)).toMatchObject({
      status: 200,
      degraded: ["upstream"],
      upstream: { status: 500 },
    });
  });

  test("is asked less and less often while an older answer serves: after 1 s, 2 s, 4 s, and so to 30 s", async () => {
    upstream.answer(() => stytchError(500, "x"));
    const askedAt: number[] = [];
    for (let ms = 121_000; ms < 221_000; ms += 500) {
      vi.setSystemTime(NOW + ms);
      const before = upstream.requests.length;
      expect((await newIsolate().call(path, { key })).status).toBe(200);
      if (upstream.requests.length > before) askedAt.push(ms);
    }
    const pauses = askedAt.slice(1).map((ms, i) => ms - (askedAt[i] ?? 0));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    upstream.answer(() => json(organizationEnvelope(org)));
    at(252);
    expect(statusOf(await newIsolate().call(path, { key }))).toMatch(/fwd=miss/);
  });

  test("is not hidden from whom nothing is known", async () => {
    upstream.answer(() => stytchError(500, "x"));
    const other = `/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`;
    for (const _ of [1, 2]) expect((await newIsolate().call(other, { key })).status).toBe(503);
    expect(upstream.requests).toHaveLength(3);
  });

  test("is hidden by what the organization's object holds, where KV has lost it, by ID and by slug", async () => {
    const bySlug = `/v1/b2b/organizations/${org["organization_slug"]}`;
    await isolate.call(bySlug, { key });
    upstream.answer(() => stytchError(500, "x"));
    const none = { getWithMetadata: async () => ({ value: null, metadata: null }) };
    for (const seconds of [72, 130]) {
      at(seconds);
      for (const target of [path, bySlug]) {
        const answer = await newIsolate({ ORGANIZATIONS: none }).call(target, { key });
        expect(statusOf(answer)).toBe(`postern; hit; ttl=${60 - seconds}; detail=memory`);
      }
    }
  });

  test("is asked no more often where only the organization's object still holds an answer", async () => {
    upstream.answer(() => stytchError(500, "x"));
    const none = { getWithMetadata: async () => ({ value: null, metadata: null }) };
    at(130);
    for (let i = 0; i < 5; i += 1) {
      expect((await newIsolate({ ORGANIZATIONS: none }).call(path, { key })).status).toBe(200);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test("is not spared for longer because of callers who could not wait", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(500, "x"));
    at(121);
    for (let i = 0; i < 6; i += 1) {
      expect((await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } })).status).toBe(
        503,
      );
    }
    upstream.answer(() => json(organizationEnvelope(org)));
    at(122);
    expect(statusOf(await newIsolate().call(path, { key }))).toMatch(/fwd=miss/);
  });

  test("behind many stale answers has one log line for each request, whichever part made it", async () => {
    at(72);
    upstream.answer(() => stytchError(500, "x"));
    const none = { getWithMetadata: async () => ({ value: null, metadata: null }) };
    const readers = [1, 2, 3, 4, 5].flatMap(() => [newIsolate(), newIsolate({ ORGANIZATIONS: none })]);
    for (const answer of await Promise.all(readers.map((reader) => reader.call(path, { key }))))
      expect(answer.status).toBe(200);
    await scheduler.wait(20);
    const lines = logLines().filter((line) => line["status"] === undefined && line["degraded"] !== undefined);
    expect(lines).toHaveLength(upstream.requests.length - 1);
  });

  test("behind a stale answer has a log line of its own", async () => {
    at(72);
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    await newIsolate().call(path, { key });
    expect(logLines().slice(-2)).toMatchObject([
      { status: 200 },
      { degraded: ["upstream"], upstream: { status: 401 }, upstream_detail: "unauthorized_credentials" },
    ]);
  });

  test("is hidden by memory where KV fails as well", async () => {
    at(121);
    upstream.answer(() => stytchError(500, "x"));
    const own = newIsolate({
      ORGANIZATIONS: {
        getWithMetadata: (...args: [string, { type: "arrayBuffer" }]) =>
          Date.now() < NOW + 200_000
            ? env.ORGANIZATIONS.getWithMetadata(...args)
            : Promise.reject(new Error("down")),
      },
    });
    expect((await own.call(path, { key })).status).toBe(200);
    at(201);
    const answer = await own.call(path, { key });
    expect(statusOf(answer)).toBe("postern; hit; ttl=-141; detail=memory");
  });
});

describe("a 404 or another 4xx", () => {
  test.each<[string, () => Response, number]>([
    ["404", () => stytchError(404, "organization_not_found"), 404],
    ["400", () => stytchError(400, "bad_request"), 400],
    ["403", () => stytchError(403, "organization_suspended"), 502],
  ])(
    "%s ends an entry at once, in memory and KV, though the object was evicted",
    async (_, answer, status) => {
      at(72);
      await evictAllDurableObjects();
      upstream.answer(answer);
      const reader = newIsolate();
      // The stale answer goes out; what comes behind it ends the entry.
      expect((await reader.call(path, { key })).status).toBe(200);
      for (const next of [reader, newIsolate()]) expect((await next.call(path, { key })).status).toBe(status);
      expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
    },
  );

  test("in answer to a forced refresh ends the entry as well, though its object was evicted", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    await evictAllDurableObjects();
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const forced = await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } });
    expect(forced.status).toBe(404);
    for (const next of [isolate, newIsolate()]) expect((await next.call(path, { key })).status).toBe(404);
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
  });

  test("is believed more than what KV goes on showing, and than memory where KV fails", async () => {
    const before = await env.ORGANIZATIONS.getWithMetadata(kvKey(org["organization_id"]), "arrayBuffer");
    let kv: () => Promise<unknown> = async () => ({
      value: before.value?.slice(0) ?? null,
      metadata: before.metadata,
    });
    const reader = newIsolate({ ORGANIZATIONS: { getWithMetadata: () => kv() } });
    upstream.answer(() => stytchError(404, "organization_not_found"));
    at(72);
    expect((await reader.call(path, { key })).status).toBe(200);
    expect((await reader.call(path, { key })).status).toBe(404);
    at(83);
    expect((await reader.call(path, { key })).status).toBe(404);
    kv = () => Promise.reject(new Error("down"));
    expect((await reader.call(path, { key })).status).toBe(404);
  });

  test("is in force in every isolate within LEASE_SECONDS, though KV goes on showing the entry", async () => {
    const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(
      kvKey(org["organization_id"]),
      "arrayBuffer",
    );
    const lagging = { getWithMetadata: async () => ({ value: value?.slice(0) ?? null, metadata }) };
    const far = newIsolate({ ORGANIZATIONS: lagging });
    expect((await far.call(path, { key })).status).toBe(200);
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const before = upstream.requests.length;
    await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } });
    await vi.waitFor(async () =>
      expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull(),
    );
    at(5);
    for (const reader of [far, newIsolate({ ORGANIZATIONS: lagging }), isolate]) {
      expect((await reader.call(path, { key })).status).toBe(404);
    }
    expect(upstream.requests).toHaveLength(before + 1);
  });

  test("of a name that was answered is in force everywhere, though KV took nothing and every object was evicted since", async () => {
    vi.spyOn(scheduler, "wait").mockImplementation(async () => {});
    vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put").mockRejectedValue(
      new Error("429"),
    );
    org = organization();
    const paths = [org["organization_id"], org["organization_slug"]].map(
      (name) => `/v1/b2b/organizations/${name}`,
    );
    const down = { getWithMetadata: () => Promise.reject(new Error("down")) };
    const reader = newIsolate({ ORGANIZATIONS: down });
    for (const target of paths) expect((await reader.call(target, { key })).status).toBe(200);
    await evictAllDurableObjects();
    upstream.answer(() => stytchError(404, "organization_not_found"));
    for (const target of paths) expect((await newIsolate().call(target, { key })).status).toBe(404);
    upstream.answer(() => stytchError(500, "x"));
    at(11);
    for (const target of paths) expect((await reader.call(target, { key })).status).toBe(503);
  });

  test("is listed once, however long it is asked for", async () => {
    const listed = vi.spyOn(Directory.prototype, "purge");
    upstream.answer(() => stytchError(404, "organization_not_found"));
    for (const seconds of [121, 140, 160, 180]) {
      at(seconds);
      await evictAllDurableObjects();
      expect((await newIsolate().call(path, { key })).status).toBe(404);
    }
    await vi.waitFor(() => expect(listed).toHaveBeenCalledTimes(1));
    expect(upstream.requests.length).toBeGreaterThan(3);
  });

  test("of what nobody has seen is listed nowhere, however it is asked for: callers cannot fill the list of purges", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const listed = vi.spyOn(Directory.prototype, "purge");
    const down = newIsolate({ ORGANIZATIONS: { getWithMetadata: () => Promise.reject(new Error("down")) } });
    for (const reader of [isolate, down]) {
      for (const headers of [{ "Postern-Cache": "refresh" }, {}] as Record<string, string>[]) {
        const unknown = `/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`;
        expect((await reader.call(unknown, { key: may, headers })).status).toBe(404);
      }
    }
    await scheduler.wait(20);
    expect(listed).not.toHaveBeenCalled();
  });

  test("that follows a refusal of Postern itself is told everywhere all the same", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    const listed = vi.spyOn(Directory.prototype, "purge");
    const headers = { "Postern-Cache": "refresh" };
    for (const [answer, status] of [
      [() => stytchError(401, "unauthorized_credentials"), 502],
      [() => stytchError(404, "organization_not_found"), 404],
      [() => stytchError(404, "organization_not_found"), 404],
    ] as const) {
      upstream.answer(answer);
      expect((await isolate.call(path, { key: may, headers })).status).toBe(status);
    }
    await vi.waitFor(() => expect(listed.mock.calls).toEqual([[[org["organization_id"]], null]]));
  });

  test("that refuses Postern itself purges nothing elsewhere", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    const listed = vi.spyOn(Directory.prototype, "purge");
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    expect((await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } })).status).toBe(
      502,
    );
    await scheduler.wait(20);
    expect(listed).not.toHaveBeenCalled();
  });

  test("reaches KV behind a slow write of what came before it", async () => {
    at(121);
    const put = later<void>();
    const real = env.ORGANIZATIONS.put.bind(env.ORGANIZATIONS);
    vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put").mockImplementationOnce((async (
      ...args: Parameters<typeof real>
    ) => {
      await put.promise;
      return await real(...args);
    }) as never);
    await newIsolate().callOnly(path, { key });
    at(250);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    await newIsolate().callOnly(path, { key });
    put.resolve();
    await scheduler.wait(50);
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
  });

  test("is never hidden", async () => {
    at(121);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    expect((await newIsolate().call(path, { key })).status).toBe(404);
  });
});

describe("Postern-Cache: refresh", () => {
  const headers = { "Postern-Cache": "refresh" };

  test("reads Stytch past the cache, for a key with the scope, and stores what it read", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    rename("Renamed");
    const answer = await isolate.call(path, { key: may, headers });
    expect(statusOf(answer)).toBe("postern; fwd=request; fwd-status=200; stored");
    expect(await nameIn(answer)).toBe("Renamed");
    for (const reader of [isolate, newIsolate()]) {
      expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed");
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test("answers what Stytch said to it, though a machine whose clock is ahead has answered before", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    at(1);
    expect((await isolate.call(path, { key: may, headers })).status).toBe(200);
    rename("Renamed");
    at(0);
    const bySlug = `/v1/b2b/organizations/${org["organization_slug"]}`;
    expect(await nameIn(await isolate.call(bySlug, { key: may, headers }))).toBe("Renamed");
  });

  test("is 403 without the scope, of organizations and of members, and nothing is sent", async () => {
    const { key: both } = await mint(isolate, ["organizations:read", "members:dangerously_get"]);
    for (const target of [path, "/v1/b2b/organizations/members/dangerously_get/m"]) {
      const answer = await isolate.call(target, { key: both, headers });
      expect(answer.status).toBe(403);
      expect(answer.headers.get("WWW-Authenticate")).toContain('scope="cache:refresh"');
    }
    expect(upstream.requests).toHaveLength(1);
  });

  test("is not answered by a request that had begun before, and many who want it share the next", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    at(121);
    const gates = [later<void>(), later<void>()];
    let calls = 0;
    upstream.answer(async () => {
      const call = calls++;
      await gates[call]?.promise;
      return json(organizationEnvelope({ ...org, organization_name: `Answer ${call}` }));
    });
    const waiting = newIsolate().call(path, { key });
    await vi.waitFor(() => expect(calls).toBe(1));
    const forced = [1, 2, 3].map(() => newIsolate().call(path, { key: may, headers }));
    await scheduler.wait(30);
    gates[0]?.resolve();
    expect(await nameIn(await waiting)).toBe("Answer 0");
    await vi.waitFor(() => expect(calls).toBe(2));
    gates[1]?.resolve();
    const answers = await Promise.all(forced);
    expect(answers.map((answer) => String(statusOf(answer))).sort()).toEqual([
      "postern; fwd=request; fwd-status=200; stored",
      "postern; fwd=request; fwd-status=200; stored; collapsed",
      "postern; fwd=request; fwd-status=200; stored; collapsed",
    ]);
    for (const answer of answers) expect(await nameIn(answer)).toBe("Answer 1");
    expect(calls).toBe(2);
  });

  test("is told where Stytch fails: who asks past the cache gets no older answer for it", async () => {
    const { key: may } = await mint(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(500, "x"));
    expect((await isolate.call(path, { key: may, headers })).status).toBe(503);
    expect((await isolate.call(path, { key })).status).toBe(200);
  });
});
