/** POST /handover: what is refused, what it costs, and who wins a race. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import type { ApiKey } from "../../src/keys/api-key.ts";
import { hashHandoverToken } from "../../src/keys/handover-token.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { useClock } from "../support/clock.ts";
import { SAME_ORIGIN } from "../support/console.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { objectsThat } from "../support/fakes.ts";
import { createLink, rotateToLink, takeKey, takenBy } from "../support/handover.ts";
import { TEST_VARS } from "../support/vars.ts";

useClock();
const GONE = "404 handover_not_found";
const KEY = /^pst_test_/;
const PROJECT_ID = TEST_VARS.STYTCH_PROJECT_ID;
const LIMITED = { FAILED_AUTH_LIMITER: { limit: async () => ({ success: false }) } };

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
});

test("a forged or malformed token is 404 without any I/O", async () => {
  const { token } = await createLink(isolate);
  isolate.resetCounts();
  for (const forged of [
    token.slice(0, -1) + (token.endsWith("x") ? "y" : "x"),
    `handover_${"0".repeat(16)}_${"0".repeat(52)}`,
    "",
    "x".repeat(9_000),
  ])
    expect(await takenBy(await takeKey(isolate, forged))).toBe(GONE);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(logLines().at(-1)).toMatchObject({ status: 404, error_type: "handover_not_found", key_id: null });
});

test("a link that is used up costs one question, and no write", async () => {
  const { keyId, token } = await createLink(isolate);
  await takeKey(isolate, token);
  const versionOf = async () => (await env.API_KEY.getByName(keyId).record(PROJECT_ID))?.version;
  const version = await versionOf();
  isolate.resetCounts();
  expect(await takenBy(await takeKey(isolate, token))).toBe(GONE);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { takeHandover: 1 } });
  expect(await versionOf()).toBe(version);
});

test.each<[string, unknown, string]>([
  ["no token", {}, "token"],
  ["a token that is no text", { token: 7 }, "token"],
  ["an unknown field", { token: "x", key_id: "y" }, "key_id"],
  ["no JSON", "token", "the body must be JSON"],
  ["nothing", undefined, "the body must be JSON"],
  ["more than 64 KiB", { token: "x".repeat(65_536) }, "65536 bytes"],
])("a body with %s is 400", async (_, body, problem) => {
  const response = await isolate.call("/handover", { method: "POST", body });
  const error = await response.json<{ error_type: string; error_message: string }>();
  expect([response.status, error.error_type]).toEqual([400, "invalid_request"]);
  expect(error.error_message).toContain(problem);
});

test("links that do not work count against the address, and one that works does not", async () => {
  const limited = createIsolate(LIMITED);
  const { token } = await createLink(limited);
  expect((await takeKey(limited, "forged")).status).toBe(429);
  expect(await takenBy(await takeKey(limited, token))).toMatch(KEY);
  expect((await takeKey(limited, token)).status).toBe(429);
});

test("a page of another site cannot use a link up; a page of Postern and a program can", async () => {
  const { token } = await createLink(isolate);
  isolate.resetCounts();
  for (const site of ["cross-site", "same-site", "nonsense"]) {
    expect(await takenBy(await takeKey(isolate, token, { "Sec-Fetch-Site": site }))).toBe(
      "403 cross_site_request",
    );
  }
  expect(isolate.counts.objects).toEqual({});
  expect(await takenBy(await takeKey(isolate, token, SAME_ORIGIN))).toMatch(KEY);
  expect(await takenBy(await takeKey(isolate, (await createLink(isolate)).token))).toMatch(KEY);
});

test("a preview of the link does not use it up: GET leads to the page, and only POST hands over", async () => {
  const { token } = await createLink(isolate);
  isolate.resetCounts();
  for (const method of ["GET", "HEAD"]) {
    const response = await isolate.call("/handover", { method });
    expect([response.status, response.headers.get("Location")]).toEqual([302, "/handover/key"]);
    expect([await response.text(), response.headers.get("Cache-Control")]).toEqual(["", "no-store"]);
  }
  for (const method of ["PUT", "DELETE"]) {
    const response = await isolate.call("/handover", { method });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD, POST"]);
  }
  expect(isolate.counts.objects).toEqual({});
  expect(await takenBy(await takeKey(isolate, token))).toMatch(KEY);
});

test("of many who ask at once, one has the key", async () => {
  const { token } = await createLink(isolate);
  const isolates = Array.from({ length: 4 }, () => createIsolate());
  const asked = isolates.flatMap((one) => [takeKey(one, token), takeKey(one, token), takeKey(one, token)]);
  const outcomes = await Promise.all(asked.map(async (response) => await takenBy(await response)));
  expect(outcomes.filter((outcome) => KEY.test(outcome))).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === GONE)).toHaveLength(11);
});

test("of a rotation and a question at once, the first decides, and the link is used up", async () => {
  for (const isRotationFirst of [true, false]) {
    const { keyId, token } = await createLink(isolate);
    const object = env.API_KEY.getByName(keyId);
    const hash = await hashHandoverToken(token);
    const take = async () => await object.takeHandover(PROJECT_ID, hash);
    const rotate = async () => await object.rotate(PROJECT_ID, 0);
    const [first, second] = await Promise.all(isRotationFirst ? [rotate(), take()] : [take(), rotate()]);
    const taken = (isRotationFirst ? second : first) as Awaited<ReturnType<ApiKey["takeHandover"]>>;
    expect(taken?.generation ?? null).toBe(isRotationFirst ? null : 1);
    expect(await takenBy(await takeKey(isolate, token))).toBe(GONE);
    expect((await object.record(PROJECT_ID))?.generation).toBe(2);
  }
});

test("a link of another project is unknown to the key's object", async () => {
  const { keyId, token } = await createLink(isolate);
  const object = env.API_KEY.getByName(keyId);
  const other = "project-test-33333333-3333-4333-8333-333333333333";
  expect(await object.takeHandover(other, await hashHandoverToken(token))).toBeNull();
  expect(await takenBy(await takeKey(isolate, token))).toMatch(KEY);
});

test("a link of an earlier generation does not work, even if it is still stored", async () => {
  const { keyId, token } = await createLink(isolate);
  const hash = await hashHandoverToken(token);
  await runInDurableObject(env.API_KEY.getByName(keyId), (_, { storage }) => {
    const current = storage.kv.get<KeyRecord>("record");
    if (current !== undefined) storage.kv.put("record", { ...current, generation: 2 });
  });
  expect(await env.API_KEY.getByName(keyId).takeHandover(PROJECT_ID, hash)).toBeNull();
});

test("a token of the same key that was replaced does not open the next link", async () => {
  const first = await createLink(isolate);
  const second = await rotateToLink(isolate, first.keyId, { handover_seconds: 60 });
  expect(await takenBy(await takeKey(isolate, first.token))).toBe(GONE);
  expect(await takenBy(await takeKey(isolate, second.token))).toMatch(KEY);
});

test("a key's object that fails is 503, and the question is not repeated", async () => {
  const { token } = await createLink(isolate);
  let calls = 0;
  const error = Object.assign(new Error("reset"), { retryable: true });
  const failing = createIsolate({
    API_KEY: {
      getByName: () => {
        calls += 1;
        return objectsThat.fail(error).getByName();
      },
    },
  });
  expect(await takenBy(await takeKey(failing, token))).toBe("503 key_service_unavailable");
  expect(calls).toBe(1);
});

test("a key that was created without a link has none to take", async () => {
  const { keyId } = await createKey(isolate);
  expect(await env.API_KEY.getByName(keyId).takeHandover(PROJECT_ID, "")).toBeNull();
});
