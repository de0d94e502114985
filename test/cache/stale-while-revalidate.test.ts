/** Stale-while-revalidate (RFC 5861 §3): stale entries, served at once while they are refreshed in the background. */
import { describe, expect, test, vi } from "vitest";
import { organizationEnvelope } from "../support/bodies.ts";
import { nameIn, statusOf } from "../support/cached.ts";
import { NOW } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import {
  isolate,
  key,
  org,
  path,
  rename,
  upstream,
  useCachedOrganization,
} from "../support/one-organization.ts";
import { deferred, json, stytchError } from "../support/upstream.ts";

const { at } = useCachedOrganization();

describe("a stale entry", () => {
  test("a stale entry is served at once, and refreshed in the background", async () => {
    at(72);
    const mayAnswer = deferred<void>();
    rename("Renamed");
    upstream.answer(async () => {
      await mayAnswer.promise;
      return json(organizationEnvelope(org));
    });
    const reader = createIsolate();
    const stale = await reader.callUntilResponse(path, { key });
    expect(statusOf(stale)).toBe("postern; hit; ttl=-12; detail=kv");
    expect(stale.headers.get("Age")).toBe("72");
    expect(stale.headers.get("Cache-Control")).toBe("private, no-cache");
    expect(await nameIn(stale)).toBe("Ärmel & Söhne 株式会社");
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(2));
    mayAnswer.resolve();
    await vi.waitFor(async () => expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed"));
    expect(await nameIn(await createIsolate().call(path, { key }))).toBe("Renamed");
    expect(upstream.requests).toHaveLength(2);
  });

  test("a stale entry that many read at once is refreshed once", async () => {
    at(72);
    const isolates = [createIsolate(), createIsolate()];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => isolates[i % 2]?.call(path, { key })),
    );
    for (const answer of answers) expect(answer?.status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
  });

  test("an entry is served stale to its last millisecond, and then Stytch is awaited", async () => {
    vi.setSystemTime(NOW + 119_999);
    upstream.answer(() => stytchError(500, "x"));
    expect(statusOf(await createIsolate().call(path, { key }))).toBe("postern; hit; ttl=-59; detail=kv");
    vi.setSystemTime(NOW + 121_000);
    upstream.answer(() => json(organizationEnvelope(org)));
    expect(statusOf(await createIsolate().call(path, { key }))).toBe(
      "postern; fwd=miss; fwd-status=200; stored",
    );
  });

  test("a stale entry is 304 to a caller who has it, before and after its refresh", async () => {
    const tag = String((await isolate.call(path, { key })).headers.get("ETag"));
    at(72);
    for (const reader of [createIsolate(), createIsolate()]) {
      expect((await reader.call(path, { key, headers: { "If-None-Match": tag } })).status).toBe(304);
    }
  });
});
