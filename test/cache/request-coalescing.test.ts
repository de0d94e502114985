/** Many callers at once: one upstream request for each organization, whoever leads, leaves or fails. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

let organizations: Json[];
let upstream: Upstream;
let key: string;
let failing: boolean;

beforeEach(async () => {
  organizations = Array.from({ length: 10 }, () => organization());
  failing = false;
  ({ key } = await createKey(createIsolate(), ["organizations:read"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pathOf = (index: number) => `/v1/b2b/organizations/${organizations[index % 10]?.["organization_id"]}`;

/** Isolates with a lease of the key. Their upstream deadline is long, so that a busy machine does not fail the test. */
async function warmIsolates(count: number) {
  const isolates = Array.from({ length: count }, () => createIsolate({ UPSTREAM_TIMEOUT_MS: "30000" }));
  for (const isolate of isolates) expect((await isolate.call("/whoami", { key })).status).toBe(200);
  return isolates;
}

function answerTo(url: string): Response {
  if (failing) return stytchError(500, "x");
  const found = organizations.find((one) => url.endsWith(String(one["organization_id"])));
  return json(organizationEnvelope(found ?? {}));
}

test("400 callers from 20 isolates over 10 cold organizations make 10 upstream calls", {
  timeout: 30_000,
}, async () => {
  const open = deferred<void>();
  upstream = stubUpstream(async ({ url }) => {
    await open.promise;
    return answerTo(url);
  });
  const isolates = await warmIsolates(20);
  const calls = Array.from({ length: 400 }, (_, i) =>
    isolates[(i * 7) % 20]?.call(pathOf(i), { key }).then(async (answer) => ({
      index: i % 10,
      status: answer.status,
      cache: String(answer.headers.get("Cache-Status")),
      id: (await answer.json<{ organization: Json }>()).organization["organization_id"],
    })),
  );
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(10));
  open.resolve();
  const answers = await Promise.all(calls);
  expect(upstream.requests).toHaveLength(10);
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 200, id: organizations[answer?.index ?? 0]?.["organization_id"] });
  }
  const led = answers.filter((answer) => answer?.cache === "postern; fwd=miss; fwd-status=200; stored");
  expect(led).toHaveLength(10);
});

test("300 callers of stale organizations are served at once, with one refresh for each", {
  timeout: 30_000,
}, async () => {
  upstream = stubUpstream(({ url }) => answerTo(url));
  for (let i = 0; i < 10; i += 1) await createIsolate().call(pathOf(i), { key });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 72_000 });
  ({ key } = await createKey(createIsolate(), ["organizations:read"]));
  const isolates = await warmIsolates(6);
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => isolates[i % 6]?.call(pathOf(i), { key })),
  );
  for (const answer of answers) expect(answer?.status).toBe(200);
  expect(upstream.requests).toHaveLength(20);
});

test("300 callers while Stytch fails are served older entries, after one call for each", {
  timeout: 30_000,
}, async () => {
  upstream = stubUpstream(({ url }) => answerTo(url));
  for (let i = 0; i < 10; i += 1) await createIsolate().call(pathOf(i), { key });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 300_000 });
  ({ key } = await createKey(createIsolate(), ["organizations:read"]));
  const isolates = await warmIsolates(6);
  failing = true;
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => isolates[i % 6]?.call(pathOf(i), { key })),
  );
  for (const answer of answers) {
    expect(answer?.status).toBe(200);
    expect(answer?.headers.get("Cache-Status")).toMatch(/^postern; hit; ttl=-2\d\d; detail=(kv|memory)$/);
  }
  expect(upstream.requests).toHaveLength(20);
});
