/** A key's life as callers see it, with the clock in hand, from an isolate that did not make the change. */

import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApiKey } from "../../src/keys/api-key.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import type { LeaseQuestion } from "../support/record.ts";
import { deferred, json, stubUpstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;

let operator: TestIsolate;
let edge: TestIsolate;
let key: string;
let keyId: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  stubUpstream(() => json(organizationEnvelope(org)));
  operator = createIsolate();
  edge = createIsolate();
  ({ key, keyId } = await createKey(operator, ["organizations:read"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (ms: number) => vi.setSystemTime(NOW + ms);
const typeOf = async (answer: Response) =>
  (await answer.json<{ error_type?: string }>()).error_type ?? answer.status;

test("a lease is asked for once, used for half its time, and then renewed behind an answer", async () => {
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(1);
  at(2_499);
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(1);
  at(2_500);
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(2);
  at(7_400);
  edge.resetCounts();
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(1);
});

test("a revoked key is refused in every isolate within LEASE_SECONDS, and at once where it was not known", async () => {
  expect((await edge.call(path, { key })).status).toBe(200);
  at(1_000);
  const revoked = await operator.admin("DELETE", `/admin/keys/${keyId}`);
  expect(await revoked.json()).toMatchObject({
    status: "revoked",
    revoked_at: new Date(NOW + 1_000).toISOString(),
  });
  expect(await typeOf(await createIsolate().call(path, { key }))).toBe("revoked_key");
  at(4_999);
  // Within the bound the lease may still hold, and the renewal behind this answer ends it.
  expect((await edge.call(path, { key })).status).toBe(200);
  at(5_000);
  const answer = await edge.call(path, { key });
  expect(answer.status).toBe(401);
  expect(await typeOf(answer)).toBe("revoked_key");
  expect(answer.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
});

test("a lease asked for before a revocation and answered after it does not outlive its question", async () => {
  const asked = deferred<void>();
  const mayAnswer = deferred<void>();
  const slow = createIsolate({ API_KEY: delayed(env.API_KEY, asked.resolve, mayAnswer.promise) });
  const caller = slow.callUntilResponse(path, { key });
  await asked.promise;
  at(900);
  await operator.admin("DELETE", `/admin/keys/${keyId}`);
  mayAnswer.resolve();
  expect((await caller).status).toBe(200);
  at(5_000);
  expect(await typeOf(await slow.call(path, { key }))).toBe("revoked_key");
});

test("revocation is final, and survives the object", async () => {
  const first = await (await operator.admin("DELETE", `/admin/keys/${keyId}`)).json();
  at(9_000);
  await evictAllDurableObjects();
  expect(await (await operator.admin("DELETE", `/admin/keys/${keyId}`)).json()).toEqual(first);
  expect(await typeOf(await edge.call(path, { key }))).toBe("revoked_key");
});

test("expiry is exact, inside a lease too", async () => {
  const expires_at = new Date(NOW + 3_000).toISOString();
  const { key: short } = await createKey(operator, ["organizations:read"], { expires_at });
  expect((await edge.call(path, { key: short })).status).toBe(200);
  at(2_999);
  expect((await edge.call(path, { key: short })).status).toBe(200);
  edge.resetCounts();
  at(3_000);
  const answer = await edge.call(path, { key: short });
  expect(await typeOf(answer)).toBe("expired_key");
});

test("a key works after its object was evicted, and in an isolate that never saw it", async () => {
  await evictAllDurableObjects();
  expect((await createIsolate().call(path, { key })).status).toBe(200);
});

test.each([
  ["throws", () => Promise.reject(new Error("the object is gone"))],
  [
    "is overloaded",
    () => Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true, retryable: true })),
  ],
  ["hangs", () => new Promise<never>(() => {})],
])("a key's object that %s is 503 to whom it does not know, never 401", async (_, lease) => {
  const isolate = createIsolate({ API_KEY: { getByName: () => ({ lease }) } });
  const began = performance.now();
  const answer = await isolate.call(path, { key });
  expect(answer.status).toBe(503);
  expect(await typeOf(answer)).toBe("key_service_unavailable");
  expect(answer.headers.get("Retry-After")).toBe("1");
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"], key_id: keyId });
});

test("a key that the isolate knew is honoured for the grace time while its object fails, and no longer", async () => {
  let fails = false;
  const real = env.API_KEY;
  const failing = createIsolate({
    API_KEY: {
      getByName: (name: string) =>
        fails ? { lease: () => Promise.reject(new Error("unreachable")) } : real.getByName(name),
    },
  });
  expect((await failing.call(path, { key })).status).toBe(200);
  fails = true;
  at(64_999);
  expect((await failing.call(path, { key })).status).toBe(200);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"], status: 200 });
  at(65_000);
  expect((await failing.call(path, { key })).status).toBe(503);
  fails = false;
  expect((await failing.call(path, { key })).status).toBe(200);
});

test("an object call that may be tried again is, once, on a new stub", async () => {
  const stubs: object[] = [];
  const real = env.API_KEY;
  const flaky = createIsolate({
    API_KEY: {
      getByName: (name: string) => {
        const stub = stubs.length === 0 ? { lease: () => Promise.reject(retryable()) } : real.getByName(name);
        stubs.push(stub);
        return stub;
      },
    },
  });
  expect((await flaky.call(path, { key })).status).toBe(200);
  expect(stubs).toHaveLength(2);
});

const retryable = () => Object.assign(new Error("the object moved"), { retryable: true });

/** Namespaces whose `lease` answers from before, but only when it may. */
function delayed(real: DurableObjectNamespace<ApiKey>, onAsked: () => void, mayAnswer: Promise<void>) {
  let first = true;
  return {
    getByName: (name: string) => ({
      lease: async (...question: LeaseQuestion) => {
        const answer = await real.getByName(name).lease(...question);
        if (first) {
          first = false;
          onAsked();
          await mayAnswer;
        }
        return answer;
      },
    }),
  };
}
