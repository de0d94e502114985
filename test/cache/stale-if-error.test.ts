/** Stale-if-error (RFC 5861 §4): older entries in place of an upstream that fails, and the back-off meanwhile. */
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { Entry } from "../../src/cache/entry.ts";
import { organizationEnvelope } from "../support/bodies.ts";
import { entryOf, nameIn, statusOf } from "../support/cached.ts";
import { NOW } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { kvThat } from "../support/fakes.ts";
import {
  isolate,
  key,
  org,
  path,
  rename,
  upstream,
  useCachedOrganization,
} from "../support/one-organization.ts";
import { organizationPath } from "../support/paths.ts";
import { json, stytchError } from "../support/upstream.ts";

const { at } = useCachedOrganization();

describe("an upstream that fails", () => {
  test.each<[string, () => Response | Promise<Response>]>([
    ["a connection that fails", () => Promise.reject(new TypeError("refused"))],
    ["500", () => stytchError(500, "x")],
    ["503", () => stytchError(503, "x")],
    ["429", () => stytchError(429, "too_many_requests")],
    ["a body that is not JSON", () => new Response("<html>")],
    ["a body against the schema", () => json({ request_id: "r", organization: {} })],
    ["a timeout", () => Promise.reject(new DOMException("late", "TimeoutError"))],
  ])("%s is hidden by the last valid entry, to its last second", async (_, answer) => {
    // A connection that fails and 503 are retried; the pauses between attempts are not what is tested.
    vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    upstream.answer(answer);
    for (const seconds of [72, 121, 3_719]) {
      at(seconds);
      const hidden = await createIsolate().call(path, { key });
      expect(statusOf(hidden)).toBe(`postern; hit; ttl=${60 - seconds}; detail=kv`);
      expect(await nameIn(hidden)).toBe("Ärmel & Söhne 株式会社");
    }
    at(3_720);
    expect((await createIsolate().call(path, { key })).status).toBeGreaterThanOrEqual(502);
  });

  test("a hidden failure is named in the log", async () => {
    upstream.answer(() => stytchError(500, "x"));
    at(121);
    await createIsolate().call(path, { key });
    expect(logLines().at(-1)).toMatchObject({
      status: 200,
      degraded: ["upstream"],
      upstream: { status: 500 },
    });
  });

  test("a failing Stytch is asked after 1 s, 2 s, 4 s and so on to 30 s", async () => {
    upstream.answer(() => stytchError(500, "x"));
    const readAt = async (ms: number) => {
      vi.setSystemTime(NOW + ms);
      const before = upstream.requests.length;
      expect((await createIsolate().call(path, { key })).status).toBe(200);
      return upstream.requests.length - before;
    };
    let ms = 121_000;
    for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const moments = [ms, ms, ms + pause / 2, ms + pause - 1];
      const requests: number[] = [];
      for (const moment of moments) requests.push(await readAt(moment));
      expect([pause, ...requests]).toEqual([pause, 1, 0, 0, 0]);
      ms += pause;
    }
    expect(await readAt(ms)).toBe(1);
    upstream.answer(() => json(organizationEnvelope(org)));
    at(252);
    expect(statusOf(await createIsolate().call(path, { key }))).toMatch(/fwd=miss/);
  });

  test("a failure is not hidden if no entry is known", async () => {
    upstream.answer(() => stytchError(500, "x"));
    const other = organizationPath(`organization-test-${crypto.randomUUID()}`);
    for (const _ of [1, 2]) expect((await createIsolate().call(other, { key })).status).toBe(503);
    expect(upstream.requests).toHaveLength(3);
  });

  test("a failure is hidden by the entry of the object, if KV has lost it", async () => {
    const bySlug = organizationPath(String(org["organization_slug"]));
    await isolate.call(bySlug, { key });
    upstream.answer(() => stytchError(500, "x"));
    const none = kvThat.isEmpty();
    for (const seconds of [72, 130]) {
      at(seconds);
      for (const target of [path, bySlug]) {
        const answer = await createIsolate({ ORGANIZATIONS: none }).call(target, { key });
        expect(statusOf(answer)).toBe(`postern; hit; ttl=${60 - seconds}; detail=memory`);
      }
    }
  });

  test("a failing Stytch is asked no more often if only the object has an entry", async () => {
    upstream.answer(() => stytchError(500, "x"));
    const none = kvThat.isEmpty();
    at(130);
    for (let i = 0; i < 5; i += 1) {
      expect((await createIsolate({ ORGANIZATIONS: none }).call(path, { key })).status).toBe(200);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test("callers without an entry do not prolong the back-off", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(500, "x"));
    at(121);
    for (let i = 0; i < 6; i += 1) {
      expect((await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } })).status).toBe(
        503,
      );
    }
    upstream.answer(() => json(organizationEnvelope(org)));
    at(122);
    expect(statusOf(await createIsolate().call(path, { key }))).toMatch(/fwd=miss/);
  });

  test("a failed refresh of many stale answers is logged once for each request to Stytch", async () => {
    at(72);
    upstream.answer(() => stytchError(500, "x"));
    const none = kvThat.isEmpty();
    const readers = [1, 2, 3, 4, 5].flatMap(() => [createIsolate(), createIsolate({ ORGANIZATIONS: none })]);
    for (const answer of await Promise.all(readers.map((reader) => reader.call(path, { key }))))
      expect(answer.status).toBe(200);
    await scheduler.wait(20);
    const lines = logLines().filter((line) => line["status"] === undefined && line["degraded"] !== undefined);
    expect(lines).toHaveLength(upstream.requests.length - 1);
  });

  test("a failed refresh in the background has a log line of its own", async () => {
    at(72);
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    await createIsolate().call(path, { key });
    expect(logLines().slice(-2)).toMatchObject([
      { status: 200 },
      { degraded: ["upstream"], upstream: { status: 401 }, upstream_detail: "unauthorized_credentials" },
    ]);
  });

  test("a failure is hidden by memory if KV fails as well", async () => {
    at(121);
    upstream.answer(() => stytchError(500, "x"));
    const own = createIsolate({
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

describe("an isolate's entry and the object's, while Stytch refuses Postern", () => {
  test("the object's is served if it is newer than the isolate's", async () => {
    const none = kvThat.isEmpty();
    const [older, newer] = [createIsolate({ ORGANIZATIONS: none }), createIsolate({ ORGANIZATIONS: none })];
    await older.call(path, { key });
    rename("v2");
    at(130);
    expect(await nameIn(await newer.call(path, { key }))).toBe("v2");
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    at(300);
    for (const reader of [older, newer]) {
      const answer = await reader.call(path, { key });
      expect(statusOf(answer)).toBe("postern; hit; ttl=-110; detail=memory");
      expect(await nameIn(answer)).toBe("v2");
    }
  });

  /** Answers at 130 s with an older entry beside the failure; the isolate's own comes from KV and is of 0 s. */
  async function readBeside(ofObject: Partial<Entry>, duringRead = async () => {}) {
    const cached = entryOf({ organizationId: String(org["organization_id"]), ...ofObject });
    const read = async () => {
      await duringRead();
      return { failure: { type: "upstream_rejected" }, call: null, cached };
    };
    at(130);
    const answer = await createIsolate({ ORGANIZATION: { getByName: () => ({ read }) } }).call(path, { key });
    return [answer.status, statusOf(answer)];
  }
  const fromKv = [200, "postern; hit; ttl=-70; detail=kv"];
  const body = Uint8Array.from(new TextEncoder().encode('{"request_id":"r","organization":{}}'));

  test("KV's is served if it is the newer one, or the object's is expired", async () => {
    expect(await readBeside({ body, requestedAt: NOW - 1 })).toEqual(fromKv);
    expect(await readBeside({ body, requestedAt: NOW + 1, receivedAt: 0 })).toEqual(fromKv);
  });

  test("the object's is served if the newer one was purged during the read", async () => {
    const purge = async () => {
      await isolate.admin("POST", "/admin/cache/purge", { organization_id: org["organization_id"] });
      at(140);
    };
    const kept = { body, requestedAt: NOW - 1, purgeEpoch: Number.MAX_SAFE_INTEGER };
    expect(await readBeside(kept, purge)).toEqual([200, "postern; hit; ttl=-80; detail=memory"]);
    // Neither may be served if both were purged.
    expect((await readBeside({ body }, purge))[0]).toBe(502);
  });
});
