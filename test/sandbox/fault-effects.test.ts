import { describe, expect, test } from "vitest";
import { ACME_PATH, acme, authorization, getWithFault, sendControl, useSandbox } from "./harness.ts";

useSandbox();

describe("status", () => {
  test.each([400, 401, 403, 404, 408, 409, 418, 429, 500, 502, 503, 504])(
    "a status fault of %i has the five fields of a Stytch error",
    async (status) => {
      const response = await getWithFault({ kind: "status", status });
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({
        error_message: expect.stringContaining(String(status)),
        error_type: expect.stringMatching(/^[a-z_]+$/),
        error_url: expect.stringContaining(`/errors/${status}#`),
        request_id: expect.stringMatching(/^request-id-test-/),
        status_code: status,
      });
      expect(response.headers.has("retry-after")).toBe(false);
    },
  );

  test("a status fault sends error_type and retry_after as given", async () => {
    const response = await getWithFault({
      kind: "status",
      status: 429,
      error_type: "slow_down",
      retry_after: 7,
    });
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await response.json()).toHaveProperty("error_type", "slow_down");
    await sendControl("DELETE", "faults");
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    const dated = await getWithFault({ kind: "status", status: 503, retry_after: date });
    expect(dated.headers.get("retry-after")).toBe(date);
  });
});

describe("bodies of another kind", () => {
  test("html responds 200 with an HTML page", async () => {
    const response = await getWithFault({ kind: "html" });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    expect(await response.text()).toMatch(/^<!doctype html>/);
  });

  test("wrong_type sends the right body as text/plain", async () => {
    const response = await getWithFault({ kind: "wrong_type" });
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.json()).toHaveProperty("organization", acme);
  });

  test.each([
    ["empty", ""],
    ["array", "[]"],
    ["null", "null"],
  ])("%s responds 200 with the body '%s'", async (kind, text) => {
    const response = await getWithFault({ kind });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.text()).toBe(text);
  });

  test("redirect responds 302 with the same path and query on another host", async () => {
    const response = await getWithFault({ kind: "redirect" }, `${ACME_PATH}?a=1`);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(`https://elsewhere.example${ACME_PATH}?a=1`);
  });

  test("echo returns the credentials, raw and decoded", async () => {
    const response = await getWithFault({ kind: "echo" });
    expect(response.status).toBe(400);
    const { error_message: message } = await response.json<{ error_message: string }>();
    expect(message).toContain(authorization);
    expect(message).toContain(atob(authorization.slice("Basic ".length)));
  });
});
