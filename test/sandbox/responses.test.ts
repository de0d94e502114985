import { describe, expect, test, vi } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import { Store } from "../../sandbox/store.ts";
import {
  ACME_PATH,
  addFault,
  anyRequestId,
  expectError,
  get,
  getMember,
  getOrganization,
  JWKS_PATH,
  send,
  useSandbox,
} from "./harness.ts";

function hasSortedKeys(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(hasSortedKeys);
  if (typeof value !== "object" || value === null) return true;
  const names = Object.keys(value);
  return (
    names.every((name, index) => index === 0 || String(names[index - 1]) < name) &&
    Object.values(value).every(hasSortedKeys)
  );
}

useSandbox();

describe("response format", () => {
  test("a defect of the sandbox is a 500 in Stytch's error format", async () => {
    vi.spyOn(Store.prototype, "findOrganization").mockImplementation(() => {
      throw new Error("a defect");
    });
    const response = await getOrganization("acme");
    await expectError(response, 500, "internal_server_error");
  });

  test("bodies are minified, with their keys in alphabetical order at every depth", async () => {
    const responses = [
      await getOrganization("acme"),
      await getMember(demo.member_id),
      await getOrganization("nobody"),
    ];
    for (const response of [...responses, await send(JWKS_PATH)]) {
      const text = await response.text();
      expect(text).toBe(JSON.stringify(JSON.parse(text)));
      expect(hasSortedKeys(JSON.parse(text))).toBe(true);
    }
  });

  test("every call gets a new request ID", async () => {
    const first = await (await getOrganization("acme")).json<{ request_id: string }>();
    const second = await (await getOrganization("acme")).json<{ request_id: string }>();
    expect(first.request_id).toEqual(anyRequestId);
    expect(second.request_id).not.toBe(first.request_id);
  });

  test("successes, errors and faults carry headers that a proxy must not pass on", async () => {
    await addFault({ kind: "redirect", match: "redirected" });
    const paths = [
      ACME_PATH,
      "/v1/b2b/organizations/nobody",
      JWKS_PATH,
      "/unknown",
      "/v1/b2b/organizations/redirected",
    ];
    for (const path of paths) {
      const { headers } = await get(path);
      expect(headers.get("x-upstream")).toBe("sandbox");
      expect(headers.get("server")).toBe("stytch-sandbox");
      expect(headers.get("set-cookie")).toContain("stytch_sandbox=1");
      expect(headers.get("x-stytch-trace")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
