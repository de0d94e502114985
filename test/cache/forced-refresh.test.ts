/** Reads past the cache, for a key that may ask for them. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { nameIn, statusOf } from "../support/cached.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;

let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let org: Json;
let path: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  org = organization();
  path = `/v1/b2b/organizations/${org["organization_id"]}`;
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["organizations:read"]));
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

describe("Postern-Cache: refresh", () => {
  const headers = { "Postern-Cache": "refresh" };

  test("reads Stytch past the cache, for a key with the scope, and stores what it read", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    rename("Renamed");
    const answer = await isolate.call(path, { key: may, headers });
    expect(statusOf(answer)).toBe("postern; fwd=request; fwd-status=200; stored");
    expect(await nameIn(answer)).toBe("Renamed");
    for (const reader of [isolate, createIsolate()]) {
      expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed");
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test("answers what Stytch said to it, though a machine whose clock is ahead has answered before", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    at(1);
    expect((await isolate.call(path, { key: may, headers })).status).toBe(200);
    rename("Renamed");
    at(0);
    const bySlug = `/v1/b2b/organizations/${org["organization_slug"]}`;
    expect(await nameIn(await isolate.call(bySlug, { key: may, headers }))).toBe("Renamed");
  });

  test("is 403 without the scope, of organizations and of members, and nothing is sent", async () => {
    const { key: both } = await createKey(isolate, ["organizations:read", "members:dangerously_get"]);
    for (const target of [path, "/v1/b2b/organizations/members/dangerously_get/m"]) {
      const answer = await isolate.call(target, { key: both, headers });
      expect(answer.status).toBe(403);
      expect(answer.headers.get("WWW-Authenticate")).toContain('scope="cache:refresh"');
    }
    expect(upstream.requests).toHaveLength(1);
  });

  test("is not answered by a request that had begun before, and many who want it share the next", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    at(121);
    const gates = [deferred<void>(), deferred<void>()];
    let calls = 0;
    upstream.answer(async () => {
      const call = calls++;
      await gates[call]?.promise;
      return json(organizationEnvelope({ ...org, organization_name: `Answer ${call}` }));
    });
    const waiting = createIsolate().call(path, { key });
    await vi.waitFor(() => expect(calls).toBe(1));
    const forced = [1, 2, 3].map(() => createIsolate().call(path, { key: may, headers }));
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
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(500, "x"));
    expect((await isolate.call(path, { key: may, headers })).status).toBe(503);
    expect((await isolate.call(path, { key })).status).toBe(200);
  });
});
