import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { demo, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { ACME, authorization, get, getMember, getOrganization, reset, tell, withFault } from "./harness.ts";

function reader(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error("The response has no body.");
  return response.body.getReader();
}

beforeEach(reset);
afterEach(() => {
  vi.useRealTimers();
});

describe("status", () => {
  test.each([400, 401, 403, 404, 408, 409, 418, 429, 500, 502, 503, 504])(
    "%i comes with all five fields",
    async (status) => {
      const response = await withFault({ kind: "status", status });
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

  test("error_type and retry_after are sent as given", async () => {
    const response = await withFault({
      kind: "status",
      status: 429,
      error_type: "slow_down",
      retry_after: 7,
    });
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await response.json()).toHaveProperty("error_type", "slow_down");
    await tell("DELETE", "faults");
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    const dated = await withFault({ kind: "status", status: 503, retry_after: date });
    expect(dated.headers.get("retry-after")).toBe(date);
  });
});

describe("bodies that do not come whole", () => {
  test("hang: nothing comes until the caller gives up", async () => {
    vi.useFakeTimers();
    await tell("POST", "faults", { kind: "hang" });
    const caller = new AbortController();
    const settled = vi.fn();
    const answer = get(ACME, { signal: caller.signal });
    answer.then(settled, settled);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(settled).not.toHaveBeenCalled();
    caller.abort(new Error("enough"));
    await expect(answer).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("drip: headers at once, then a byte a second", async () => {
    vi.useFakeTimers();
    const response = await withFault({ kind: "drip" });
    expect(response.status).toBe(200);
    const body = reader(response);
    expect((await body.read()).value).toEqual(new TextEncoder().encode("{"));
    const arrived = vi.fn();
    const second = body.read();
    second.then(arrived, arrived);
    await vi.advanceTimersByTimeAsync(999);
    expect(arrived).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect((await second).value).toEqual(new TextEncoder().encode('"'));
  });

  test("drip: the body is whole in the end", async () => {
    vi.useFakeTimers();
    const text = (await withFault({ kind: "drip" }, "/unknown")).text();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(JSON.parse(await text)).toHaveProperty("error_type", "route_not_found");
  });

  test("cut: half the body, then an error", async () => {
    const whole = await (await getOrganization("acme")).arrayBuffer();
    const body = reader(await withFault({ kind: "cut" }));
    const { value } = await body.read();
    expect(value?.length).toBe(Math.floor(whole.byteLength / 2));
    await expect(body.read()).rejects.toThrow("cut");
  });

  test("endless: it goes on past any limit, and begins like an answer", async () => {
    const body = reader(await withFault({ kind: "endless" }));
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

describe("bodies that are not an answer", () => {
  test("html", async () => {
    const response = await withFault({ kind: "html" });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    expect(await response.text()).toMatch(/^<!doctype html>/);
  });

  test("wrong_type: the right body under the wrong type", async () => {
    const response = await withFault({ kind: "wrong_type" });
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.json()).toHaveProperty("organization", organizations[0]);
  });

  test.each([
    ["empty", ""],
    ["array", "[]"],
    ["null", "null"],
  ])("%s: 200 with the body '%s'", async (kind, text) => {
    const response = await withFault({ kind });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.text()).toBe(text);
  });

  test("redirect: 302 to another host", async () => {
    const response = await withFault({ kind: "redirect" }, `${ACME}?a=1`);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(`https://elsewhere.example${ACME}?a=1`);
  });

  test("invalid_utf8: valid JSON but for one byte", async () => {
    const bytes = await (await withFault({ kind: "invalid_utf8" })).arrayBuffer();
    expect(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)).toThrow();
    const lenient = JSON.parse(new TextDecoder().decode(bytes));
    expect(lenient).toHaveProperty("organization.trusted_metadata.text", "\ufffd");
  });

  test("echo: the credentials come back, as sent and decoded", async () => {
    const response = await withFault({ kind: "echo" });
    expect(response.status).toBe(400);
    const { error_message: message } = await response.json<{ error_message: string }>();
    expect(message).toContain(authorization);
    expect(message).toContain(atob(authorization.slice("Basic ".length)));
  });
});

describe("answers that are wrong inside", () => {
  test("deep: 20,000 arrays inside trusted_metadata, the rest as it is", async () => {
    const text = await (await withFault({ kind: "deep" })).text();
    const nested = "[".repeat(20_000) + "]".repeat(20_000);
    expect(text.split(nested)).toHaveLength(2);
    const body = JSON.parse(text.replace(nested, "0"));
    expect(body.organization).toEqual({ ...organizations[0], trusted_metadata: { nested: 0 } });
  });

  test("huge: valid JSON of 3 MiB exactly", async () => {
    const bytes = await (await withFault({ kind: "huge" })).arrayBuffer();
    expect(bytes.byteLength).toBe(3 * 1024 * 1024);
    const body = JSON.parse(new TextDecoder().decode(bytes));
    expect(body.organization.organization_id).toBe(demo.organization_id);
  });

  test("deep and huge change the member of a member's answer, not its organization", async () => {
    await tell("POST", "faults", { kind: "huge" });
    const body = await (await getMember(demo.member_id)).json<{
      member: JsonObject;
      organization: JsonObject;
    }>();
    expect(body.member).toHaveProperty("trusted_metadata", { padding: expect.stringMatching(/^x+$/) });
    expect(body.organization).toEqual(organizations[0]);
  });

  test("missing_field: gone from the organization, and nothing else", async () => {
    const response = await withFault({ kind: "missing_field", field: "organization_slug" });
    const { organization_slug: _, ...rest } = organizations[0] ?? {};
    expect(await response.json()).toHaveProperty("organization", rest);
  });

  test("missing_field: gone from the member and from its organization where both have it", async () => {
    await tell("POST", "faults", { kind: "missing_field", field: "organization_id" });
    const body = await (await getMember(demo.member_id)).json<JsonObject>();
    expect(body).not.toHaveProperty("member.organization_id");
    expect(body).not.toHaveProperty("organization.organization_id");
    expect(body).toHaveProperty("member.member_id", demo.member_id);
  });

  test("missing_field: gone from the envelope where neither has it", async () => {
    const body = await (await withFault({ kind: "missing_field", field: "request_id" })).json();
    expect(body).toEqual({ organization: organizations[0], status_code: 200 });
  });

  test.each([
    ["organization_name", 12_345],
    ["email_allowed_domains", "mistyped"],
    ["trusted_metadata", "mistyped"],
  ])("mistyped_field: %s becomes %s", async (field, value) => {
    const response = await withFault({ kind: "mistyped_field", field });
    expect(await response.json()).toHaveProperty("organization", { ...organizations[0], [field]: value });
  });

  test("other_organization: a stranger's organization under the key that was asked for", async () => {
    const body = await (await withFault({ kind: "other_organization" })).json<{ organization: JsonObject }>();
    expect(organizations.slice(1)).toContainEqual(body.organization);
  });

  test("other_organization: a member's answer keeps the member", async () => {
    await tell("POST", "faults", { kind: "other_organization" });
    const body = await (await getMember(demo.member_id)).json();
    expect(body).toHaveProperty("member.organization_id", demo.organization_id);
    expect(body).not.toHaveProperty("organization.organization_id", demo.organization_id);
  });

  test.each(["missing_field", "mistyped_field"])(
    "%s leaves an answer alone that lacks the field",
    async (kind) => {
      const response = await withFault({ kind, field: "organization_slug" }, "/v1/b2b/organizations/nobody");
      expect(await response.json()).toMatchObject({ error_type: "organization_not_found", status_code: 404 });
    },
  );
});
