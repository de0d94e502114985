/** What the calls of a key came to, as its usage shows it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { holdCallTimeout } from "../support/call-timeouts.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { keyObjects } from "../support/key-object.ts";
import { organizationPath } from "../support/paths.ts";
import { NO_TOKEN_REQUEST } from "../support/record.ts";
import { setUpOrganization } from "../support/setup.ts";
import { json } from "../support/upstream.ts";
import { hourCount, publicHour } from "../support/usage.ts";

const HOUR = NOW / 3_600_000;
const HOUR_TEXT = new Date(NOW).toISOString().replace(".000Z", "Z");

const { at } = useClock();

const usageOf = async (operator: TestIsolate, keyId: string) =>
  await (await operator.admin("GET", `/admin/keys/${keyId}/usage`)).json();

test("usage tells hits, stale answers, misses, refusals, 404s and failures apart", async () => {
  const { isolate, upstream, path, key, keyId } = await setUpOrganization();
  await isolate.call(path, { key });
  const { headers } = await isolate.call(path, { key });
  await isolate.call(path, { key, headers: { "If-None-Match": String(headers.get("ETag")) } });
  await isolate.call("/v1/b2b/rbac/policy", { key });
  await isolate.call("/v1/b2b/organizations/%2F", { key });
  const missing = { status_code: 404, error_type: "organization_not_found", request_id: "r" };
  upstream.answer(() => json(missing, 404));
  for (let i = 0; i < 2; i += 1) await isolate.call(organizationPath("missing"), { key });
  upstream.answer(() => new Response("", { status: 502 }));
  at(61);
  await isolate.call(path, { key });
  await isolate.call(organizationPath("failing"), { key });
  at(66);
  await isolate.call("/whoami", { key });
  expect(await usageOf(isolate, keyId)).toEqual({
    key_id: keyId,
    hours: [
      publicHour(HOUR_TEXT, {
        requests: 9,
        hits: 2,
        stale: 1,
        misses: 1,
        denied: 1,
        not_found: 2,
        errors: 1,
      }),
    ],
  });
});

test("a key that is refused for its address or its end is denied, and makes no requests", async () => {
  const { isolate, path, key, keyId } = await setUpOrganization({
    keyFields: { allowed_ips: ["203.0.113.1"] },
  });
  await isolate.call(path, { key, headers: { "CF-Connecting-IP": "198.51.100.1" } });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  at(5);
  for (let i = 0; i < 2; i += 1) await isolate.call(path, { key });
  await isolate.call("/whoami", { key });
  at(10);
  await isolate.call(path, { key });
  expect(await usageOf(isolate, keyId)).toEqual({
    key_id: keyId,
    // The first report left at 5 s, before the calls of that moment; the second has these.
    hours: [publicHour(HOUR_TEXT, { denied: 4 })],
  });
});

test("what an operator asks about a key is no call of it", async () => {
  const { isolate, path, key, keyId } = await setUpOrganization();
  await isolate.admin("GET", `/admin/keys/${keyId}`);
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { scopes: ["nothing"] });
  await isolate.call(path, { key });
  at(5);
  await isolate.call(path, { key });
  expect(await usageOf(isolate, keyId)).toMatchObject({
    hours: [publicHour(HOUR_TEXT, { requests: 1, misses: 1 })],
  });
});

test("outcomes in a report that is sent twice are counted once", async () => {
  const { isolate: operator, path, key, keyId } = await setUpOrganization();
  let lost = 0;
  const isolate = createIsolate(
    keyObjects(async (askObject, [report]) => {
      if (report === null || lost > 0) return await askObject();
      lost += 1;
      const expire = holdCallTimeout();
      const response = await askObject();
      expire();
      await scheduler.wait(10);
      return response;
    }),
  );
  for (let i = 0; i < 4; i += 1) await isolate.call(path, { key });
  for (const seconds of [5, 5.001, 10]) {
    at(seconds);
    await isolate.call(path, { key });
  }
  expect(lost).toBe(1);
  expect(await usageOf(operator, keyId)).toMatchObject({
    hours: [publicHour(HOUR_TEXT, { requests: 6, hits: 5, misses: 1 })],
  });
});

test("rows and reports of earlier versions read as zeros, and new counts add to them", async () => {
  const { isolate, keyId } = await setUpOrganization();
  const object = env.API_KEY.getByName(keyId);
  await runInDurableObject(object, (_, { storage }) => {
    storage.kv.put(`usage:00${HOUR - 1}`, { hour: HOUR - 1, requests: 5, rate_limited: 1 });
    storage.kv.put(`usage:00${HOUR}`, { hour: HOUR, requests: 5, rate_limited: 1, reports: ["old"] });
  });
  const report = async (id: string, hits?: number) =>
    await object.lease(
      {
        id,
        counts: [
          hits === undefined ? { hour: HOUR, requests: 1, rate_limited: 2 } : hourCount(HOUR, { hits }),
        ],
      },
      NO_TOKEN_REQUEST,
      null,
    );
  await report("old");
  await report("earlier version");
  for (let i = 0; i < 2; i += 1) await report("new", 3);
  const before = new Date(NOW - 3_600_000).toISOString().replace(".000Z", "Z");
  expect(await usageOf(isolate, keyId)).toMatchObject({
    hours: [
      publicHour(before, { requests: 5, rate_limited: 1 }),
      publicHour(HOUR_TEXT, { requests: 6, rate_limited: 3, hits: 3 }),
    ],
  });
});
