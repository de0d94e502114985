/** `GET /whoami/usage`: the usage of the caller's own key. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { objectsThat } from "../support/fakes.ts";
import { setUpOrganization } from "../support/setup.ts";

const { at } = useClock();

const PATH = "/whoami/usage";

test("a key sees its own usage as operators do, and nothing of another key", async () => {
  const { isolate, path, key, keyId } = await setUpOrganization();
  const other = await createKey(isolate);
  for (let i = 0; i < 3; i += 1) await isolate.call(path, { key });
  await isolate.call(path, { key: other.key });
  at(5);
  for (const one of [key, other.key]) await isolate.call(path, { key: one });
  const response = await isolate.call(PATH, { key });
  const own = await response.json();
  expect(own).toMatchObject({ key_id: keyId, hours: [{ requests: 3, hits: 2, misses: 1 }] });
  expect(own).toEqual(await (await isolate.admin("GET", `/admin/keys/${keyId}/usage`)).json());
  expect(response.headers.get("Vary")).toBe("Authorization");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  at(3_600);
  expect(await (await isolate.call(`${PATH}?hours=1`, { key })).json()).toMatchObject({ hours: [] });
  expect(await (await isolate.call(`${PATH}?hours=2`, { key })).json()).toMatchObject({
    hours: [{ requests: expect.any(Number) }],
  });
});

test("to read the usage takes no token, is not counted, and needs no scope", async () => {
  const isolate = createIsolate();
  const { key, keyId } = await createKey(isolate, ["members:read"], {
    rate_limit: { limit: 1, period_seconds: 60 },
  });
  for (const seconds of [0, 5, 10]) {
    at(seconds);
    const response = await isolate.call(PATH, { key });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ key_id: keyId, hours: [] });
    expect(response.headers.get("RateLimit-Policy")).toBe('"key";q=1;w=60');
  }
});

test.each(["hours=0", "hours=721", "hours=x", "hours=", "hours=1&hours=2", "hours=-1", "hours=1.5"])(
  "the caller's usage with %s is 400",
  async (query) => {
    const isolate = createIsolate();
    const { key } = await createKey(isolate);
    isolate.resetCounts();
    const response = await isolate.call(`${PATH}?${query}`, { key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_type: "invalid_query_parameter" });
    expect(isolate.counts.objects).toEqual({ lease: 1 });
  },
);

test("the caller's usage is refused without a good key and from another address, with no call for it", async () => {
  const isolate = createIsolate();
  const { key, keyId } = await createKey(isolate, undefined, { allowed_ips: ["203.0.113.1"] });
  const good = await createKey(isolate);
  const errorOf = async (given?: string) => {
    const response = await isolate.call(PATH, given === undefined ? {} : { key: given });
    return [response.status, (await response.json<{ error_type: string }>()).error_type];
  };
  isolate.resetCounts();
  expect(await errorOf()).toEqual([401, "missing_key"]);
  expect(await errorOf(good.key.slice(0, -1))).toEqual([401, "invalid_key"]);
  expect(await errorOf("eyJhbGciOiJSUzI1NiJ9.e30.AA")).toEqual([401, "invalid_session"]);
  expect(await errorOf(key)).toEqual([403, "ip_not_allowed"]);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  at(5);
  expect(await errorOf(key)).toEqual([401, "revoked_key"]);
  expect(isolate.counts.objects).not.toHaveProperty("usage");
});

test("while the key's object fails, the caller's usage is 503", async () => {
  let isDown = false;
  const isolate = createIsolate({ API_KEY: objectsThat.failIf(env.API_KEY, () => isDown) });
  const { key } = await createKey(createIsolate());
  await isolate.call("/whoami", { key });
  isDown = true;
  const response = await isolate.call(PATH, { key });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error_type: "key_service_unavailable" });
});
