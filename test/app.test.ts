/** What every answer has, and what happens when the deployment or the code itself is wrong. */
import { expect, test, vi } from "vitest";
import { organization, organizationEnvelope } from "./support/bodies.ts";
import { createIsolate, createKey } from "./support/deployment.ts";
import { logLines } from "./support/guard.ts";
import { json, stubUpstream } from "./support/upstream.ts";
import { TEST_VARS } from "./support/vars.ts";

test("a bad configuration makes every request 500 without detail, and one line that names each variable", async () => {
  const isolate = createIsolate({
    STYTCH_SECRET: "",
    CACHE_FRESH_SECONDS: "0",
    KEY_SECRET: "canary-too-short",
  });
  for (const path of ["/", "/v1/b2b/organizations/acme", "/admin/keys", "/nonsense"]) {
    const answer = await isolate.call(path, { key: "x" });
    const body = await answer.text();
    expect(JSON.parse(body)).toMatchObject({ status_code: 500, error_type: "misconfigured" });
    expect(body).not.toContain("STYTCH_SECRET");
  }
  const health = await isolate.call("/healthz");
  expect(await health.json()).toMatchObject({ status_code: 503, error_type: "misconfigured" });
  expect(logLines()).toHaveLength(5);
  for (const line of logLines()) {
    expect(line).toMatchObject({
      error_type: "misconfigured",
      problems: {
        STYTCH_SECRET: "missing",
        CACHE_FRESH_SECONDS: "must be a whole number from 1 to 3600",
        KEY_SECRET: "must have at least 32 characters",
      },
    });
  }
  expect(JSON.stringify(logLines())).not.toContain("canary-too-short");
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});

test("a defect is 500 in the one shape; its message goes nowhere, its place to the log", async () => {
  vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
    throw new RangeError(`canary ${TEST_VARS.KEY_SECRET}`);
  });
  const answer = await createIsolate().admin("POST", "/admin/keys", {
    name: "a",
    scopes: ["organizations:read"],
  });
  vi.restoreAllMocks();
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({
    status_code: 500,
    request_id: answer.headers.get("X-Request-Id"),
    error_type: "internal_error",
    error_message: "Oops, something seems to have gone wrong.",
    error_url: expect.stringContaining("internal_error"),
  });
  expect(logLines()).toHaveLength(1);
  expect(logLines()[0]).toMatchObject({ status: 500, defect: expect.stringMatching(/^RangeError at /) });
  expect(JSON.stringify(logLines())).not.toContain("canary");
});

test("what is thrown without being an error is a defect like any other", async () => {
  vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
    throw "canary";
  });
  const answer = await createIsolate().admin("POST", "/admin/keys", {
    name: "a",
    scopes: ["organizations:read"],
  });
  vi.restoreAllMocks();
  expect(await answer.json()).toMatchObject({ status_code: 500, error_type: "internal_error" });
  expect(logLines()).toHaveLength(1);
});

test("a request has one log line, with these fields and no others", async () => {
  const org = organization();
  stubUpstream(() => json(organizationEnvelope(org)));
  const isolate = createIsolate();
  const { key, keyId } = await createKey(isolate, ["organizations:read"]);
  const before = logLines().length;
  const answer = await isolate.call(`/v1/b2b/organizations/${org["organization_id"]}`, { key });
  expect(logLines().slice(before)).toEqual([
    {
      request_id: answer.headers.get("X-Request-Id"),
      method: "GET",
      route: "/v1/b2b/organizations/{organization_id}",
      status: 200,
      error_type: null,
      key_id: keyId,
      cache: "postern; fwd=miss; fwd-status=200; stored",
      duration_ms: expect.any(Number),
      upstream: {
        status: 200,
        request_id: expect.stringMatching(/^request-id-test-/),
        attempts: 1,
        duration_ms: expect.any(Number),
      },
    },
  ]);
  vi.restoreAllMocks();
});

test("hits are logged by LOG_HIT_SAMPLE_RATE, everything else always", async () => {
  const org = organization();
  stubUpstream(() => json(organizationEnvelope(org)));
  const quiet = createIsolate({ LOG_HIT_SAMPLE_RATE: "0" });
  const { key } = await createKey(quiet, ["organizations:read"]);
  const path = `/v1/b2b/organizations/${org["organization_id"]}`;
  const statuses = async () => {
    const before = logLines().length;
    for (const options of [{ key }, { key }, { key, headers: { "If-None-Match": "*" } }, {}]) {
      await quiet.call(path, options);
    }
    return logLines()
      .slice(before)
      .map((line) => line["status"]);
  };
  expect(await statuses()).toEqual([200, 401]);
  expect(await statuses()).toEqual([401]);
  vi.restoreAllMocks();
});
