/** How a caller presents a key, and how a bad key is refused. */
import { beforeEach, expect, test } from "vitest";
import { issueKey } from "../../src/keys/key-format.ts";
import { useClock } from "../support/clock.ts";
import { createConfig } from "../support/config.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { setUpOrganization } from "../support/setup.ts";
import type { Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const NOTHING = { kvReads: 0, kvWrites: 0, objects: {} };

useClock();

let isolate: TestIsolate;
let key: string;
let upstream: Upstream;
let path: string;

beforeEach(async () => {
  ({ isolate, key, upstream, path } = await setUpOrganization());
  isolate.resetCounts();
});

const basic = (user: string, password: string) => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });

async function expectRefused(response: Response, errorType: string, challenge: string): Promise<void> {
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ status_code: 401, error_type: errorType });
  expect(response.headers.get("WWW-Authenticate")).toBe(
    `${challenge}, Basic realm="postern", charset="UTF-8"`,
  );
  expect(response.headers.get("Cache-Control")).toBe("no-store");
}

test.each([
  ["Bearer", () => ({ Authorization: `Bearer ${key}` })],
  ["bEaReR", () => ({ Authorization: `bEaReR ${key}` })],
  ["Basic with the project ID (as the SDKs do)", () => basic(TEST_VARS.STYTCH_PROJECT_ID, key)],
  ["Basic with any user", () => basic("", key)],
])("a key is accepted as %s", async (_, headers) => {
  expect((await isolate.call(path, { headers: headers() })).status).toBe(200);
});

test.each([
  ["no header", {}],
  ["an empty header", { Authorization: "" }],
  ["a scheme without credentials", { Authorization: "Bearer" }],
  ["another scheme", { Authorization: "Digest username=x" }],
  ["a key in another header", { "X-Api-Key": "x", Cookie: "key=x" }],
])("%s is a missing key, with a challenge that has no error code", async (_, headers) => {
  const response = await isolate.call(`${path}?key=x`, { headers });
  await expectRefused(response, "missing_key", 'Bearer realm="postern"');
  expect(isolate.counts).toEqual(NOTHING);
});

test("a forged, foreign or malformed key costs no I/O", async () => {
  const otherDeployment = createConfig({ KEY_SECRET: "another deployment's secret, as long" });
  const id = key.slice(9, 25);
  const forged = [
    key.slice(0, -1) + (key.endsWith("0") ? "1" : "0"),
    key.replace("pst_test", "pst_live"),
    key.toUpperCase(),
    key.slice(0, -1),
    `${key}0`,
    `${key} `.repeat(2).trim(),
    await issueKey(otherDeployment, id, 1),
    key.replace(id, "0000000000000000"),
    "x",
    "pst_test_",
    `pst_test_${id}_${"0".repeat(58)}`,
    "é".repeat(30),
  ];
  for (const candidate of forged) {
    for (const headers of [
      { Authorization: `Bearer ${encodeURI(candidate)}` },
      { Authorization: `Basic ${btoa(`p:${encodeURI(candidate)}`)}` },
    ]) {
      const response = await isolate.call(path, { headers });
      await expectRefused(response, "invalid_key", 'Bearer realm="postern", error="invalid_token"');
    }
  }
  expect(isolate.counts).toEqual(NOTHING);
  expect(upstream.requests).toHaveLength(0);
});

test("a key with a valid MAC that was never issued is invalid", async () => {
  const unissued = await issueKey(createConfig(), "0123456789abcdef", 1);
  const response = await isolate.call(path, { key: unissued });
  await expectRefused(response, "invalid_key", 'Bearer realm="postern", error="invalid_token"');
  expect(upstream.requests).toHaveLength(0);
});

test("two Authorization headers are no key, even if each holds a valid one", async () => {
  const response = await isolate.call(path, { headers: { Authorization: `Bearer ${key}, Bearer ${key}` } });
  expect(response.status).toBe(401);
});

test("a bad identifier is refused only after the key is checked", async () => {
  expect((await isolate.call("/v1/b2b/organizations/%2F")).status).toBe(401);
  const response = await isolate.call("/v1/b2b/organizations/%2F", { key });
  expect(await response.json()).toMatchObject({ status_code: 400, error_type: "invalid_organization_id" });
});

const SECRET_OF_STYTCH = "This looks like a Stytch secret. Postern expects a key that begins with pst_test_.";
const OTHER_ENVIRONMENT = "The key is for live; this deployment serves test.";
const NO_KEY = "Postern expects a key that begins with pst_test_, as Bearer or as the password of Basic.";
const PLAIN = "The key is not valid here.";

test.each([
  ["the project secret itself", TEST_VARS.STYTCH_SECRET, SECRET_OF_STYTCH],
  ["another Stytch secret", "secret-live-canary-0123456789", SECRET_OF_STYTCH],
  ["a key for live", `pst_live_${"0".repeat(16)}_${"1".repeat(58)}`, OTHER_ENVIRONMENT],
  ["the beginning of a key for live", "pst_live_canary", OTHER_ENVIRONMENT],
  ["the admin token", TEST_VARS.ADMIN_TOKEN, NO_KEY],
  ["a public token of Stytch", "public-token-test-canary", NO_KEY],
  ["a key in capitals", `PST_TEST_${"0".repeat(16)}_CANARY`, NO_KEY],
  ["a key after a second scheme", "Bearer pst_test_canary", NO_KEY],
  ["a forged key", `pst_test_${"0".repeat(16)}_${"1".repeat(58)}`, PLAIN],
  ["the beginning of a key", "pst_test_canary", PLAIN],
])("%s is refused by what it looks like, without any I/O", async (_, presented, message) => {
  for (const headers of [{ Authorization: `Bearer ${presented}` }, basic("project", presented)]) {
    for (const at of [path, "/whoami"]) {
      const response = await isolate.call(at, { headers });
      const text = await response.clone().text();
      await expectRefused(response, "invalid_key", 'Bearer realm="postern", error="invalid_token"');
      expect(JSON.parse(text)).toMatchObject({ error_message: message });
      for (const out of [text, JSON.stringify(logLines())]) expect(out).not.toMatch(/canary/i);
    }
  }
  expect(isolate.counts).toEqual(NOTHING);
  expect(upstream.requests).toHaveLength(0);
});

test("what has the form of a JWT is no session as Bearer, and no key as the password of Basic", async () => {
  const presented = "eyJhbGciOiJSUzI1NiJ9.canary.canary";
  const challenge = 'Bearer realm="postern", error="invalid_token"';
  for (const at of [path, "/whoami"]) {
    await expectRefused(await isolate.call(at, { key: presented }), "invalid_session", challenge);
    const response = await isolate.call(at, { headers: basic("project", presented) });
    const text = await response.clone().text();
    await expectRefused(response, "invalid_key", challenge);
    expect(JSON.parse(text)).toMatchObject({ error_message: NO_KEY });
    expect(JSON.stringify(logLines())).not.toMatch(/canary/);
  }
  expect(isolate.counts).toEqual(NOTHING);
  expect(upstream.requests).toHaveLength(0);
});

test.each([
  ["Basic with the key as the user", () => `Basic ${btoa(`${key}:`)}`],
  ["Basic with the key alone", () => `Basic ${btoa(key)}`],
  ["Basic with the key in plain", () => `Basic ${key}`],
  ["a Bearer key that is much too long", () => `Bearer ${"a".repeat(5_000)}`],
])("%s is told where a key belongs", async (_, authorization) => {
  const response = await isolate.call(path, { headers: { Authorization: authorization() } });
  expect(await response.json()).toMatchObject({ error_type: "invalid_key", error_message: NO_KEY });
  expect(isolate.counts).toEqual(NOTHING);
});

test("a key for test is told that the deployment serves live", async () => {
  const live = createIsolate({ STYTCH_PROJECT_ID: "project-live-22222222-2222-4222-8222-222222222222" });
  const response = await live.call(path, { key });
  expect(await response.json()).toMatchObject({
    error_type: "invalid_key",
    error_message: "The key is for test; this deployment serves live.",
  });
  const secret = await live.call(path, { headers: basic("project", TEST_VARS.STYTCH_SECRET) });
  expect(await secret.json()).toMatchObject({
    error_message: "This looks like a Stytch secret. Postern expects a key that begins with pst_live_.",
  });
  expect(live.counts).toEqual(NOTHING);
});
