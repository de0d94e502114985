/** `Cache-Status`, read with a parser that is not ours (RFC 9651), says what happened in every case. */
import { type Item, parseList, Token } from "structured-headers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const SCOPES = ["organizations:read", "members:dangerously_get", "cache:refresh"] as const;

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
  ({ key } = await createKey(isolate, SCOPES));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (seconds: number) => vi.setSystemTime(NOW + seconds * 1_000);
const forced = { "Postern-Cache": "refresh" };

/** The one member of the list as plain data; null where there is no header. */
function statusOf(answer: Response): Record<string, unknown> | null {
  const value = answer.headers.get("Cache-Status");
  if (value === null) return null;
  const list = parseList(value) as Item[];
  expect(list).toHaveLength(1);
  const [name, parameters] = list[0] as Item;
  expect(name).toBeInstanceOf(Token);
  expect(String(name)).toBe("postern");
  const plain = [...parameters].map(([of, is]) => [of, is instanceof Token ? String(is) : is]);
  return Object.fromEntries(plain) as Record<string, unknown>;
}
const read = async (reader: TestIsolate, target = path, headers: Record<string, string> = {}) =>
  statusOf(await reader.call(target, { key, headers }));

const MISS = { fwd: "miss", "fwd-status": 200, stored: true };
const hit = (ttl: number, detail: string) => ({ hit: true, ttl, detail });

test("a miss, a hit in memory and a hit in KV", async () => {
  expect(await read(isolate)).toEqual(MISS);
  at(2);
  expect(await read(isolate)).toEqual(hit(58, "memory"));
  expect(await read(createIsolate())).toEqual(hit(58, "kv"));
  expect(upstream.requests).toHaveLength(1);
});

test("a hit in the memory of the organization's object, where KV does not show it yet", async () => {
  await read(isolate);
  const none = { getWithMetadata: async () => ({ value: null, metadata: null }) };
  expect(await read(createIsolate({ ORGANIZATIONS: none }))).toEqual(hit(60, "memory"));
  expect(upstream.requests).toHaveLength(1);
});

test("a stale answer: its ttl is negative, from KV, from memory and from the object", async () => {
  await read(isolate);
  at(72);
  upstream.answer(() => stytchError(503, "x"));
  const reader = createIsolate();
  expect(await read(reader)).toEqual(hit(-12, "kv"));
  expect(await read(reader)).toEqual(hit(-12, "memory"));
  const none = { getWithMetadata: async () => ({ value: null, metadata: null }) };
  expect(await read(createIsolate({ ORGANIZATIONS: none }))).toEqual(hit(-12, "memory"));
});

test("an answer that hides a failure is a hit, as old as it says", async () => {
  await read(isolate);
  at(1_000);
  upstream.answer(() => stytchError(503, "x"));
  expect(await read(createIsolate())).toEqual(hit(-940, "kv"));
});

test("after its time, and after a purge, an entry is a miss", async () => {
  await read(isolate);
  at(121);
  expect(await read(createIsolate())).toEqual(MISS);
  await isolate.admin("POST", "/admin/cache/purge", { organization_id: org["organization_id"] });
  expect(await read(isolate)).toEqual(MISS);
  expect(await read(isolate)).toEqual(hit(60, "memory"));
});

test("callers who waited for another's request are collapsed, and only they", async () => {
  const open = deferred<void>();
  upstream.answer(async () => {
    await open.promise;
    return json(organizationEnvelope(org));
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

test("a forced refresh, and those who share it", async () => {
  await read(isolate);
  expect(await read(isolate, path, forced)).toEqual({ ...MISS, fwd: "request" });
  expect(upstream.requests).toHaveLength(2);
});

test("an answer to a name that the organization does not bear itself is not said to be stored: it is not", async () => {
  const odd = `/v1/b2b/organizations/${String(org["organization_slug"]).toUpperCase()}`;
  const unstored = { fwd: "miss", "fwd-status": 200 };
  for (const reader of [isolate, isolate, createIsolate()]) expect(await read(reader, odd)).toEqual(unstored);
  expect(upstream.requests).toHaveLength(3);
});

test("304 says it as 200 does; a member is a bypass", async () => {
  const first = await isolate.call(path, { key });
  const tag = String(first.headers.get("ETag"));
  const known = await isolate.call(path, { key, headers: { "If-None-Match": tag } });
  expect(known.status).toBe(304);
  expect(statusOf(known)).toEqual(hit(60, "memory"));
  const of = member({ organization_id: org["organization_id"] });
  upstream.answer(() => json(memberEnvelope(of, org)));
  const target = `/v1/b2b/organizations/members/dangerously_get/${of["member_id"]}`;
  for (const reader of [isolate, isolate]) expect(await read(reader, target)).toEqual({ fwd: "bypass" });
});

test("without KV and without objects it still says what happened", async () => {
  const fails = () => Promise.reject(new Error("gone"));
  const without = createIsolate({
    ORGANIZATION: { getByName: () => ({ read: fails }) },
    ORGANIZATIONS: { getWithMetadata: fails },
  });
  expect(await read(without)).toEqual(MISS);
  expect(await read(without)).toEqual(hit(60, "memory"));
});

test.each([
  ["404", () => stytchError(404, "organization_not_found"), 404],
  ["503", () => stytchError(503, "x"), 503],
])("a %s tells nothing of how it came about", async (_, answer, status) => {
  upstream.answer(answer);
  for (const __ of [1, 2]) {
    const refused = await isolate.call(path, { key });
    expect(refused.status).toBe(status);
    for (const name of ["Cache-Status", "Age", "ETag", "Server-Timing"])
      expect(refused.headers.get(name)).toBeNull();
    expect(refused.headers.get("Cache-Control")).toBe("no-store");
  }
});
