/** `Cache-Status` (RFC 9211) in every case, read with a parser of structured fields (RFC 9651) that is not ours. */
import { type Item, parseList, Token } from "structured-headers";
import { beforeEach, expect, test, vi } from "vitest";
import { member, memberEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { kvThat, objectsThat } from "../support/fakes.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { type OrganizationSetUp, setUpOrganization } from "../support/setup.ts";
import { deferred, json, stytchError, type Upstream } from "../support/upstream.ts";

const { at } = useClock();

let setUp: OrganizationSetUp;
let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let path: string;

beforeEach(async () => {
  setUp = await setUpOrganization({
    scopes: ["organizations:read", "members:dangerously_get", "cache:refresh"],
  });
  ({ isolate, upstream, key, path } = setUp);
});

const forced = { "Postern-Cache": "refresh" };

/** The parameters of the only list member as plain data; null if there is no header. */
function statusOf(response: Response): Record<string, unknown> | null {
  const value = response.headers.get("Cache-Status");
  if (value === null) return null;
  const list = parseList(value) as Item[];
  expect(list).toHaveLength(1);
  const [name, parameters] = list[0] as Item;
  expect(name).toBeInstanceOf(Token);
  expect(String(name)).toBe("postern");
  const plain = [...parameters].map(([parameter, given]) => [
    parameter,
    given instanceof Token ? String(given) : given,
  ]);
  return Object.fromEntries(plain) as Record<string, unknown>;
}
const read = async (reader: TestIsolate, target = path, headers: Record<string, string> = {}) =>
  statusOf(await reader.call(target, { key, headers }));

const MISS = { fwd: "miss", "fwd-status": 200, stored: true };
const hit = (ttl: number, detail: string) => ({ hit: true, ttl, detail });

test("a miss, a hit in memory and a hit in KV have statuses of their own", async () => {
  expect(await read(isolate)).toEqual(MISS);
  at(2);
  expect(await read(isolate)).toEqual(hit(58, "memory"));
  expect(await read(createIsolate())).toEqual(hit(58, "kv"));
  expect(upstream.requests).toHaveLength(1);
});

test("a hit in the organization's object is a memory hit if KV does not show it yet", async () => {
  await read(isolate);
  expect(await read(createIsolate({ ORGANIZATIONS: kvThat.isEmpty() }))).toEqual(hit(60, "memory"));
  expect(upstream.requests).toHaveLength(1);
});

test("a stale response has a negative ttl, from KV, from memory and from the object", async () => {
  await read(isolate);
  at(72);
  upstream.answer(() => stytchError(503, "x"));
  const reader = createIsolate();
  expect(await read(reader)).toEqual(hit(-12, "kv"));
  expect(await read(reader)).toEqual(hit(-12, "memory"));
  expect(await read(createIsolate({ ORGANIZATIONS: kvThat.isEmpty() }))).toEqual(hit(-12, "memory"));
});

test("a stale-if-error response is a hit with a negative ttl", async () => {
  await read(isolate);
  at(1_000);
  upstream.answer(() => stytchError(503, "x"));
  expect(await read(createIsolate())).toEqual(hit(-940, "kv"));
});

test("an expired entry and a purged entry are misses", async () => {
  await read(isolate);
  at(121);
  expect(await read(createIsolate())).toEqual(MISS);
  await isolate.admin("POST", "/admin/cache/purge", {
    organization_id: setUp.organization["organization_id"],
  });
  expect(await read(isolate)).toEqual(MISS);
  expect(await read(isolate)).toEqual(hit(60, "memory"));
});

test("only callers who waited for the request of another are collapsed", async () => {
  const open = deferred<void>();
  upstream.answer(async () => {
    await open.promise;
    return setUp.respond();
  });
  const readers = [createIsolate(), createIsolate(), createIsolate()];
  const reads = readers.map((reader) => read(reader));
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  await scheduler.wait(20);
  open.resolve();
  const statuses = await Promise.all(reads);
  expect(statuses.filter((status) => status?.["collapsed"] === true)).toEqual([
    { ...MISS, collapsed: true },
    { ...MISS, collapsed: true },
  ]);
  expect(statuses).toContainEqual(MISS);
});

test("a forced refresh is a forward because of the request", async () => {
  await read(isolate);
  expect(await read(isolate, path, forced)).toEqual({ ...MISS, fwd: "request" });
  expect(upstream.requests).toHaveLength(2);
});

test("a response to a slug in another case is not stored", async () => {
  const upperCase = organizationPath(String(setUp.organization["organization_slug"]).toUpperCase());
  const unstored = { fwd: "miss", "fwd-status": 200 };
  for (const reader of [isolate, isolate, createIsolate()])
    expect(await read(reader, upperCase)).toEqual(unstored);
  expect(upstream.requests).toHaveLength(3);
});

test("a 304 has the status of a hit, and a member read is a bypass", async () => {
  const first = await isolate.call(path, { key });
  const tag = String(first.headers.get("ETag"));
  const known = await isolate.call(path, { key, headers: { "If-None-Match": tag } });
  expect(known.status).toBe(304);
  expect(statusOf(known)).toEqual(hit(60, "memory"));
  const { organization } = setUp;
  const one = member({ organization_id: organization["organization_id"] });
  upstream.answer(() => json(memberEnvelope(one, organization)));
  const target = memberPath(one);
  for (const reader of [isolate, isolate]) expect(await read(reader, target)).toEqual({ fwd: "bypass" });
});

test("Cache-Status is correct while KV and the objects fail", async () => {
  const without = createIsolate({ ORGANIZATION: objectsThat.fail(), ORGANIZATIONS: kvThat.fails() });
  expect(await read(without)).toEqual(MISS);
  expect(await read(without)).toEqual(hit(60, "memory"));
});

test.each([
  ["404", () => stytchError(404, "organization_not_found"), 404],
  ["503", () => stytchError(503, "x"), 503],
])("a %s response has no Cache-Status, Age, ETag or Server-Timing", async (_, respond, status) => {
  upstream.answer(respond);
  for (const __ of [1, 2]) {
    const refused = await isolate.call(path, { key });
    expect(refused.status).toBe(status);
    for (const name of ["Cache-Status", "Age", "ETag", "Server-Timing"])
      expect(refused.headers.get(name)).toBeNull();
    expect(refused.headers.get("Cache-Control")).toBe("no-store");
  }
});
