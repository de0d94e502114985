/** What `Cache-Control` lets a caller's own HTTP cache do (RFC 9111), asked of one: `http-cache-semantics`. */
import CachePolicy from "http-cache-semantics";
import { describe, expect, test } from "vitest";
import { formatCacheControl } from "../../src/api/response.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { organizationPath } from "../support/paths.ts";
import { setUpOrganization } from "../support/setup.ts";
import { stytchError } from "../support/upstream.ts";

const clock = useClock();

test.each([
  ["with the default", 0, 60, 0, "private, no-cache"],
  ["with the default, even if the answer is new", 0, 3_600, 0, "private, no-cache"],
  ["just received", 0, 60, 30, "private, max-age=30"],
  ["of some age", 12, 48, 30, "private, max-age=42"],
  ["fresh for less than the client may keep it", 50, 10, 30, "private, max-age=60"],
  ["in its last second", 59, 1, 30, "private, max-age=60"],
  ["stale from now on", 60, 0, 30, "private, no-cache"],
  ["stale for a while", 72, -12, 3_600, "private, no-cache"],
])("Cache-Control of an answer %s", (_, age, ttl, clientSeconds, expected) => {
  expect(formatCacheControl(age, ttl, clientSeconds)).toBe(expected);
});

/** How many seconds a private cache would answer without asking, and whether it would keep the answer. */
function clientCache(request: Record<string, string>, { status, headers }: Response) {
  const policy = new CachePolicy(
    { url: "/", method: "GET", headers: request },
    { status, headers: Object.fromEntries(headers) },
    { shared: false },
  );
  const seconds = policy.maxAge() - policy.age();
  return { policy, seconds: Math.max(0, seconds), keeps: policy.storable() };
}

describe.each([0, 1, 10, 90])("with CLIENT_CACHE_SECONDS=%i", (clientSeconds) => {
  test(`a cache keeps an answer for the least of ${clientSeconds} s and its freshness, at any age`, async () => {
    const { upstream, path, key, isolate } = await setUpOrganization();
    await isolate.call(path, { key });
    const reader = createIsolate({ CLIENT_CACHE_SECONDS: String(clientSeconds) });
    for (const age of [0, 0.999, 1, 12, 49, 50, 51, 58, 59, 59.999, 60, 72]) {
      clock.at(age);
      // Nothing refreshes the entry meanwhile.
      upstream.answer(() => stytchError(503, "internal_server_error"));
      const whole = Math.floor(age);
      const response = await reader.call(path, { key });
      expect(response.headers.get("Age")).toBe(String(whole));
      const { seconds, keeps, policy } = clientCache({}, response);
      expect([age, seconds, keeps]).toEqual([age, Math.max(0, Math.min(clientSeconds, 60 - whole)), true]);
      const request = { url: "/", headers: {} };
      expect(policy.satisfiesWithoutRevalidation(request)).toBe(seconds > 0);
      expect(policy.revalidationHeaders(request)["if-none-match"]).toBe(response.headers.get("ETag"));
    }
  });
});

test("a 304 renews a cache's copy for exactly as long as a 200 would", async () => {
  const { path, key, isolate } = await setUpOrganization({ overrides: { CLIENT_CACHE_SECONDS: "10" } });
  const first = await isolate.call(path, { key });
  clock.at(25);
  const headers = { "If-None-Match": String(first.headers.get("ETag")) };
  const notModified = await isolate.call(path, { key, headers });
  expect([notModified.status, notModified.headers.get("Cache-Control")]).toEqual([
    304,
    "private, max-age=35",
  ]);
  const { policy } = clientCache({}, first);
  const renewed = policy.revalidatedPolicy(
    { url: "/", headers },
    { status: 304, headers: Object.fromEntries(notModified.headers) },
  );
  expect([renewed.modified, renewed.policy.maxAge() - renewed.policy.age()]).toEqual([false, 10]);
});

test("HEAD has the Cache-Control of GET", async () => {
  const { path, key, isolate } = await setUpOrganization({ overrides: { CLIENT_CACHE_SECONDS: "10" } });
  await isolate.call(path, { key });
  clock.at(5);
  const response = await isolate.call(path, { key, method: "HEAD" });
  expect(response.headers.get("Cache-Control")).toBe("private, max-age=15");
});

test("an answer whose clock is ahead is kept no longer than CLIENT_CACHE_SECONDS", async () => {
  const { path, key, isolate } = await setUpOrganization();
  await isolate.call(path, { key });
  clock.at(-50);
  const response = await createIsolate({ CLIENT_CACHE_SECONDS: "90" }).call(path, { key });
  expect([response.headers.get("Age"), response.headers.get("Cache-Control")]).toEqual([
    "0",
    "private, max-age=60",
  ]);
  expect(Date.parse(String(response.headers.get("Date")))).toBe(NOW - 50_000);
  expect(clientCache({}, response).seconds).toBe(60);
});

test("an answer that hides a failing Stytch is revalidated each time", async () => {
  const { upstream, path, key, isolate } = await setUpOrganization();
  await isolate.call(path, { key });
  clock.at(130);
  upstream.answer(() => stytchError(503, "internal_server_error"));
  const response = await createIsolate({ CLIENT_CACHE_SECONDS: "90" }).call(path, { key });
  expect([response.status, response.headers.get("Age")]).toEqual([200, "130"]);
  expect(response.headers.get("Cache-Control")).toBe("private, no-cache");
});

test("an answer is never reused for another key, and an error is never kept", async () => {
  const { upstream, path, key, isolate } = await setUpOrganization({
    overrides: { CLIENT_CACHE_SECONDS: "90" },
  });
  const response = await isolate.call(path, { key });
  const { policy } = clientCache({ authorization: `Bearer ${key}` }, response);
  const { key: otherKey } = await createKey(isolate);
  const other = { url: "/", headers: { authorization: `Bearer ${otherKey}` } };
  expect(policy.satisfiesWithoutRevalidation(other)).toBe(false);
  upstream.answer(() => stytchError(404, "organization_not_found"));
  const missing = await isolate.call(organizationPath(`organization-test-${crypto.randomUUID()}`), { key });
  const refused = await isolate.call(path);
  expect([missing.status, refused.status]).toEqual([404, 401]);
  for (const answer of [missing, refused]) {
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(clientCache({}, answer).keeps).toBe(false);
  }
});
