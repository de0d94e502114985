/** A key from its creation to its end, as callers see it in an isolate that did not make the change. */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { keyObjects } from "../support/key-object.ts";
import { setUpOrganization } from "../support/setup.ts";
import { deferred } from "../support/upstream.ts";

const { at, iso } = useClock();

let operator: TestIsolate;
let edge: TestIsolate;
let key: string;
let keyId: string;
let path: string;

beforeEach(async () => {
  ({ isolate: operator, key, keyId, path } = await setUpOrganization());
  edge = createIsolate();
});

const revoke = async () => await (await operator.admin("DELETE", `/admin/keys/${keyId}`)).json();
const errorTypeOf = async (response: Response) =>
  (await response.json<{ error_type?: string }>()).error_type ?? response.status;

test("a lease is requested once, and renewed in the background in its last second", async () => {
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(1);
  at(3.999);
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(1);
  at(4);
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(2);
  at(8.4);
  edge.resetCounts();
  await edge.call(path, { key });
  expect(edge.counts.objects["lease"]).toBe(1);
});

test("a revoked key is refused at once in an isolate that has no lease of it", async () => {
  at(1);
  expect(await revoke()).toMatchObject({ status: "revoked", revoked_at: iso(1) });
  expect(await errorTypeOf(await createIsolate().call(path, { key }))).toBe("revoked_key");
});

test("a revoked key is refused in every isolate within LEASE_SECONDS", async () => {
  expect((await edge.call(path, { key })).status).toBe(200);
  at(1);
  await revoke();
  at(4.999);
  // The lease may still be used. This call renews it in the background, which ends it.
  expect((await edge.call(path, { key })).status).toBe(200);
  at(5);
  const response = await edge.call(path, { key });
  expect(response.status).toBe(401);
  expect(await errorTypeOf(response)).toBe("revoked_key");
  expect(response.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
});

test("a lease requested before a revocation ends LEASE_SECONDS after its request", async () => {
  const requested = deferred<void>();
  const mayAnswer = deferred<void>();
  let isFirst = true;
  const slow = createIsolate(
    keyObjects(async (askObject) => {
      const response = await askObject();
      if (isFirst) {
        isFirst = false;
        requested.resolve();
        await mayAnswer.promise;
      }
      return response;
    }),
  );
  const response = slow.callUntilResponse(path, { key });
  await requested.promise;
  at(0.9);
  await revoke();
  mayAnswer.resolve();
  expect((await response).status).toBe(200);
  at(5);
  expect(await errorTypeOf(await slow.call(path, { key }))).toBe("revoked_key");
});

test("a revocation is final, idempotent, and survives the eviction of the object", async () => {
  const first = await revoke();
  at(9);
  await evictAllDurableObjects();
  expect(await revoke()).toEqual(first);
  expect(await errorTypeOf(await edge.call(path, { key }))).toBe("revoked_key");
});

test("a revoked key is refused after the clock has gone back", async () => {
  await edge.call(path, { key });
  at(-600);
  await revoke();
  expect((await edge.call(path, { key })).status).toBe(401);
  at(-599);
  expect((await edge.call(path, { key })).status).toBe(401);
});

test("a key expires at the exact millisecond, even while its lease is valid", async () => {
  const { key: expiring } = await createKey(operator, ["organizations:read"], { expires_at: iso(3) });
  expect((await edge.call(path, { key: expiring })).status).toBe(200);
  at(2.999);
  expect((await edge.call(path, { key: expiring })).status).toBe(200);
  edge.resetCounts();
  at(3);
  expect(await errorTypeOf(await edge.call(path, { key: expiring }))).toBe("expired_key");
});

test("a key that expires while its lease is waited for is refused", async () => {
  const { key: expiring } = await createKey(operator, ["organizations:read"], { expires_at: iso(0.5) });
  expect(await errorTypeOf(await waitForLease(expiring))).toBe("expired_key");
});

test("Server-Timing says how long a lease was waited for", async () => {
  const response = await waitForLease(key);
  expect(response.headers.get("Server-Timing")).toMatch(/^key;dur=500, /);
  expect(logLines().at(-1)).toMatchObject({ status: 200, duration_ms: 500 });
});

/** The answer to a call in a new isolate, whose lease comes after half a second. */
async function waitForLease(presented: string): Promise<Response> {
  const slow = createIsolate(
    keyObjects(async (askObject) => {
      at(0.5);
      return await askObject();
    }),
  );
  return await slow.call(path, { key: presented });
}

test("a key works after the eviction of its object, in an isolate that never saw it", async () => {
  await evictAllDurableObjects();
  expect((await createIsolate().call(path, { key })).status).toBe(200);
});
