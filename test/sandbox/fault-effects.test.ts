import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { demo, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import {
  ACME_PATH,
  authorization,
  get,
  getMember,
  getOrganization,
  getWithFault,
  reset,
  sendControl,
} from "./harness.ts";

function getReader(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error("The response has no body.");
  return response.body.getReader();
}

beforeEach(reset);
afterEach(() => {
  vi.useRealTimers();
});

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

describe("incomplete bodies", () => {
  test("hang sends nothing until the caller aborts", async () => {
    vi.useFakeTimers();
    await sendControl("POST", "faults", { kind: "hang" });
    const caller = new AbortController();
    const settled = vi.fn();
    const response = get(ACME_PATH, { signal: caller.signal });
    response.then(settled, settled);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(settled).not.toHaveBeenCalled();
    caller.abort(new Error("enough"));
    await expect(response).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("drip sends the headers at once and then one byte a second", async () => {
    vi.useFakeTimers();
    const response = await getWithFault({ kind: "drip" });
    expect(response.status).toBe(200);
    const body = getReader(response);
    expect((await body.read()).value).toEqual(new TextEncoder().encode("{"));
    const arrived = vi.fn();
    const second = body.read();
    second.then(arrived, arrived);
    await vi.advanceTimersByTimeAsync(999);
    expect(arrived).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect((await second).value).toEqual(new TextEncoder().encode('"'));
  });

  test("drip sends the whole body in the end", async () => {
    vi.useFakeTimers();
    const text = (await getWithFault({ kind: "drip" }, "/unknown")).text();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(JSON.parse(await text)).toHaveProperty("error_type", "route_not_found");
  });

  test("cut sends half the body and then fails", async () => {
    const whole = await (await getOrganization("acme")).arrayBuffer();
    const body = getReader(await getWithFault({ kind: "cut" }));
    const { value } = await body.read();
    expect(value?.length).toBe(Math.floor(whole.byteLength / 2));
    await expect(body.read()).rejects.toThrow("cut");
  });

  test("endless starts like a real body and exceeds 5 MB", async () => {
    const body = getReader(await getWithFault({ kind: "endless" }));
    let text = "";
    while (text.length < 5_000_000) {
      const { done, value } = await body.read();
      expect(done).toBe(false);
      text += new TextDecoder().decode(value);
    }
    await body.cancel();
    expect(text).toMatch(/^\{"organization":\{/);
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
    expect(await response.json()).toHaveProperty("organization", organizations[0]);
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

  test("invalid_utf8 makes one byte of an otherwise valid JSON body invalid", async () => {
    const bytes = await (await getWithFault({ kind: "invalid_utf8" })).arrayBuffer();
    expect(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)).toThrow();
    const lenient = JSON.parse(new TextDecoder().decode(bytes));
    expect(lenient).toHaveProperty("organization.trusted_metadata.text", "\ufffd");
  });

  test("echo returns the credentials, raw and decoded", async () => {
    const response = await getWithFault({ kind: "echo" });
    expect(response.status).toBe(400);
    const { error_message: message } = await response.json<{ error_message: string }>();
    expect(message).toContain(authorization);
    expect(message).toContain(atob(authorization.slice("Basic ".length)));
  });
});

describe("bodies with wrong content", () => {
  test("deep nests 20,000 arrays in trusted_metadata and changes nothing else", async () => {
    const text = await (await getWithFault({ kind: "deep" })).text();
    const nested = "[".repeat(20_000) + "]".repeat(20_000);
    expect(text.split(nested)).toHaveLength(2);
    const body = JSON.parse(text.replace(nested, "0"));
    expect(body.organization).toEqual({ ...organizations[0], trusted_metadata: { nested: 0 } });
  });

  test("huge sends valid JSON of exactly 3 MiB", async () => {
    const bytes = await (await getWithFault({ kind: "huge" })).arrayBuffer();
    expect(bytes.byteLength).toBe(3 * 1024 * 1024);
    const body = JSON.parse(new TextDecoder().decode(bytes));
    expect(body.organization.organization_id).toBe(demo.organization_id);
  });

  test("huge changes the member of a member response, not its organization", async () => {
    await sendControl("POST", "faults", { kind: "huge" });
    const body = await (await getMember(demo.member_id)).json<{
      member: JsonObject;
      organization: JsonObject;
    }>();
    expect(body.member).toHaveProperty("trusted_metadata", { padding: expect.stringMatching(/^x+$/) });
    expect(body.organization).toEqual(organizations[0]);
  });

  test("missing_field removes the field from the organization and nothing else", async () => {
    const response = await getWithFault({ kind: "missing_field", field: "organization_slug" });
    const { organization_slug: _, ...rest } = organizations[0] ?? {};
    expect(await response.json()).toHaveProperty("organization", rest);
  });

  test("missing_field removes the field from both the member and its organization", async () => {
    await sendControl("POST", "faults", { kind: "missing_field", field: "organization_id" });
    const body = await (await getMember(demo.member_id)).json<JsonObject>();
    expect(body).not.toHaveProperty("member.organization_id");
    expect(body).not.toHaveProperty("organization.organization_id");
    expect(body).toHaveProperty("member.member_id", demo.member_id);
  });

  test("missing_field removes the field from the envelope if no object has it", async () => {
    const body = await (await getWithFault({ kind: "missing_field", field: "request_id" })).json();
    expect(body).toEqual({ organization: organizations[0], status_code: 200 });
  });

  test.each([
    ["organization_name", 12_345],
    ["email_allowed_domains", "mistyped"],
    ["trusted_metadata", "mistyped"],
  ])("mistyped_field changes %s to %s", async (field, value) => {
    const response = await getWithFault({ kind: "mistyped_field", field });
    expect(await response.json()).toHaveProperty("organization", { ...organizations[0], [field]: value });
  });

  test("other_organization returns an organization that was not requested", async () => {
    const body = await (await getWithFault({ kind: "other_organization" })).json<{
      organization: JsonObject;
    }>();
    expect(organizations.slice(1)).toContainEqual(body.organization);
  });

  test("other_organization keeps the member of a member response", async () => {
    await sendControl("POST", "faults", { kind: "other_organization" });
    const body = await (await getMember(demo.member_id)).json();
    expect(body).toHaveProperty("member.organization_id", demo.organization_id);
    expect(body).not.toHaveProperty("organization.organization_id", demo.organization_id);
  });

  test.each(["missing_field", "mistyped_field"])(
    "%s does not change a response that lacks the field",
    async (kind) => {
      const response = await getWithFault(
        { kind, field: "organization_slug" },
        "/v1/b2b/organizations/nobody",
      );
      expect(await response.json()).toMatchObject({ error_type: "organization_not_found", status_code: 404 });
    },
  );
});
