/** Reads past the cache, for a key that may ask for them. */
import { describe, expect, test, vi } from "vitest";
import { organizationEnvelope } from "../support/bodies.ts";
import { nameIn, statusOf } from "../support/cached.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
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
import { deferred, json, stytchError } from "../support/upstream.ts";

const { at } = useCachedOrganization();

describe("Postern-Cache: refresh", () => {
  const headers = { "Postern-Cache": "refresh" };

  test("a forced read goes past the cache to Stytch, and stores what it read", async () => {
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

  test("a forced read returns Stytch's answer, whatever another machine's clock says", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    at(1);
    expect((await isolate.call(path, { key: may, headers })).status).toBe(200);
    rename("Renamed");
    at(0);
    const bySlug = organizationPath(String(org["organization_slug"]));
    expect(await nameIn(await isolate.call(bySlug, { key: may, headers }))).toBe("Renamed");
  });

  test("a forced read without the scope is 403, and nothing is sent to Stytch", async () => {
    const { key: both } = await createKey(isolate, ["organizations:read", "members:dangerously_get"]);
    for (const target of [path, "/v1/b2b/organizations/members/dangerously_get/m"]) {
      const answer = await isolate.call(target, { key: both, headers });
      expect(answer.status).toBe(403);
      expect(answer.headers.get("WWW-Authenticate")).toContain('scope="cache:refresh"');
    }
    expect(upstream.requests).toHaveLength(1);
  });

  test("forced reads wait out an earlier request, and share the next one", async () => {
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

  test("a forced read is told if Stytch fails, and gets no older entry", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(500, "x"));
    expect((await isolate.call(path, { key: may, headers })).status).toBe(503);
    expect((await isolate.call(path, { key })).status).toBe(200);
  });
});
