/** What callers see while the object of their key fails: 503 for an unknown key, a grace time for a known one, never 401. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { objectsThat } from "../support/fakes.ts";
import { setUpOrganization } from "../support/setup.ts";

const { at } = useClock();

let operator: TestIsolate;
let key: string;
let keyId: string;
let path: string;

beforeEach(async () => {
  ({ isolate: operator, key, keyId, path } = await setUpOrganization());
});

const overloaded = Object.assign(new Error("overloaded"), { overloaded: true, retryable: true });

test.each([
  ["throws", objectsThat.fail()],
  ["is overloaded", objectsThat.fail(overloaded)],
  ["hangs", objectsThat.hang()],
])("an unknown key is answered with 503, never 401, if its object %s", async (_, API_KEY) => {
  const isolate = createIsolate({ API_KEY });
  const startedAt = performance.now();
  const response = await isolate.call(path, { key });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error_type: "key_service_unavailable" });
  expect(response.headers.get("Retry-After")).toBe("1");
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"], key_id: keyId });
});

test("a known key is accepted for LEASE_GRACE_SECONDS while its object fails", async () => {
  let isDown = false;
  const isolate = createIsolate({ API_KEY: objectsThat.failIf(env.API_KEY, () => isDown) });
  expect((await isolate.call(path, { key })).status).toBe(200);
  isDown = true;
  at(64.999);
  expect((await isolate.call(path, { key })).status).toBe(200);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"], status: 200 });
  at(65);
  expect((await isolate.call(path, { key })).status).toBe(503);
  isDown = false;
  expect((await isolate.call(path, { key })).status).toBe(200);
});

test("a rotated key is answered with 503, never 401, if its object fails", async () => {
  const rotate = async () => {
    const response = await operator.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 600 });
    return (await response.json<{ key: string }>()).key;
  };
  const second = await rotate();
  let isDown = false;
  const isolate = createIsolate({ API_KEY: objectsThat.failIf(env.API_KEY, () => isDown) });
  await isolate.call(path, { key });
  isDown = true;
  const third = await rotate();
  const response = await isolate.call(path, { key: third });
  expect(await response.json()).toMatchObject({ status_code: 503, error_type: "key_service_unavailable" });
  expect((await isolate.call(path, { key: second })).status).toBe(200);
});

test("a call that the platform marks as retryable is retried once, on a new stub", async () => {
  const retryable = Object.assign(new Error("the object moved"), { retryable: true });
  const stubs: object[] = [];
  const isolate = createIsolate({
    API_KEY: {
      getByName: (name: string) => {
        const stub =
          stubs.length === 0 ? objectsThat.fail(retryable).getByName() : env.API_KEY.getByName(name);
        stubs.push(stub);
        return stub;
      },
    },
  });
  expect((await isolate.call(path, { key })).status).toBe(200);
  expect(stubs).toHaveLength(2);
});
