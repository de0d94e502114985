import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { issueKey } from "../../src/keys/key-format.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { json, stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;
const NOTHING = { kvReads: 0, kvWrites: 0, objects: {} };

let isolate: TestIsolate;
let key: string;
let upstream: Upstream;

beforeEach(async () => {
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["organizations:read"]));
  isolate.resetCounts();
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
});
afterEach(() => vi.restoreAllMocks());

const basic = (user: string, password: string) => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });

async function expectRefused(answer: Response, errorType: string, challenge: string): Promise<void> {
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ status_code: 401, error_type: errorType });
  expect(answer.headers.get("WWW-Authenticate")).toBe(`${challenge}, Basic realm="postern", charset="UTF-8"`);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
}

test.each([
  ["Bearer", () => ({ Authorization: `Bearer ${key}` })],
  ["bEaReR", () => ({ Authorization: `bEaReR ${key}` })],
  ["Basic with the project ID, as the SDKs send it", () => basic(TEST_VARS.STYTCH_PROJECT_ID, key)],
  ["Basic with any user", () => basic("", key)],
])("a key is read from %s", async (_, headers) => {
  expect((await isolate.call(path, { headers: headers() })).status).toBe(200);
});

test.each([
  ["no header", {}],
  ["an empty one", { Authorization: "" }],
  ["a scheme without credentials", { Authorization: "Bearer" }],
  ["another scheme", { Authorization: "Digest username=x" }],
  ["a key elsewhere", { "X-Api-Key": "x", Cookie: "key=x" }],
])("%s is a missing key, challenged without an error code", async (_, headers) => {
  const answer = await isolate.call(`${path}?key=x`, { headers });
  await expectRefused(answer, "missing_key", 'Bearer realm="postern"');
  expect(isolate.counts).toEqual(NOTHING);
});

test("a forged, foreign or malformed key costs no I/O at all", async () => {
  const parsed = parseConfig({ ...TEST_VARS, KEY_SECRET: "another deployment's secret, as long" });
  if ("problems" in parsed) throw new Error("the test's own configuration is wrong");
  const id = key.slice(9, 25);
  const forged = [
    key.slice(0, -1) + (key.endsWith("0") ? "1" : "0"),
    key.replace("pst_test", "pst_live"),
    key.toUpperCase(),
    key.slice(0, -1),
    `${key}0`,
    `${key} `.repeat(2).trim(),
    await issueKey(parsed.config, id, 1),
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
      const answer = await isolate.call(path, { headers });
      await expectRefused(answer, "invalid_key", 'Bearer realm="postern", error="invalid_token"');
    }
  }
  expect(isolate.counts).toEqual(NOTHING);
  expect(upstream.requests).toHaveLength(0);
});

test("a key that proves itself but was never issued is invalid too", async () => {
  const parsed = parseConfig(TEST_VARS);
  if ("problems" in parsed) throw new Error("the test's own configuration is wrong");
  const unissued = await issueKey(parsed.config, "0123456789abcdef", 1);
  const answer = await isolate.call(path, { key: unissued });
  await expectRefused(answer, "invalid_key", 'Bearer realm="postern", error="invalid_token"');
  expect(upstream.requests).toHaveLength(0);
});

test("two Authorization headers are no key, even where each is one", async () => {
  const answer = await isolate.call(path, { headers: { Authorization: `Bearer ${key}, Bearer ${key}` } });
  expect(answer.status).toBe(401);
});

test("a bad identifier is refused only to a caller who has a key", async () => {
  expect((await isolate.call("/v1/b2b/organizations/%2F")).status).toBe(401);
  const answer = await isolate.call("/v1/b2b/organizations/%2F", { key });
  expect(await answer.json()).toMatchObject({ status_code: 400, error_type: "invalid_organization_id" });
});
