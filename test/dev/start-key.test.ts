import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { getStartKey, projectKeyPolicy, SANDBOX_KEY_POLICY } from "../../dev/start-key.ts";

const NOW = Date.parse("2026-11-29T12:00:00.123Z");
const POLICY = { scopes: ["organizations:read"], expires_at: "2026-11-30T12:00:00Z" };
const REQUEST = { origin: "http://127.0.0.1:8787", adminToken: "token", policy: POLICY };

let calls: string[];
let whoami: { status: number; body: object };
let refusal: number | null;
beforeEach(() => {
  calls = [];
  refusal = null;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    const path = new URL(url).pathname;
    calls.push(`${init.method ?? "GET"} ${path} ${init.body ?? ""}`.trim());
    if (path === "/whoami") return Response.json(whoami.body, { status: whoami.status });
    if (refusal !== null) return new Response("no", { status: refusal });
    return Response.json({ key: "new" }, { status: init.method === "POST" ? 201 : 200 });
  });
});
afterEach(() => void vi.unstubAllGlobals());

test("a key for a real project reads organizations only, and for a day", () => {
  expect(projectKeyPolicy(NOW)).toEqual(POLICY);
});

test("without a previous key, a new one is made with just the policy", async () => {
  expect(await getStartKey({ ...REQUEST, previous: undefined })).toBe("new");
  expect(calls).toEqual([`POST /admin/keys ${JSON.stringify({ name: "npm start", ...POLICY })}`]);
});

test("a previous key with every scope and no end is narrowed to the policy", async () => {
  whoami = { status: 200, body: { key_id: "id", ...SANDBOX_KEY_POLICY } };
  expect(await getStartKey({ ...REQUEST, previous: "old" })).toBe("old");
  expect(calls).toEqual(["GET /whoami", `PATCH /admin/keys/id ${JSON.stringify(POLICY)}`]);
});

test("a previous key that has the policy is kept without a change", async () => {
  whoami = { status: 200, body: { key_id: "id", ...SANDBOX_KEY_POLICY } };
  expect(await getStartKey({ ...REQUEST, policy: SANDBOX_KEY_POLICY, previous: "old" })).toBe("old");
  expect(calls).toEqual(["GET /whoami"]);
});

test("an expired or revoked key is not brought back: a new one is made", async () => {
  whoami = { status: 401, body: { error_type: "expired_key" } };
  expect(await getStartKey({ ...REQUEST, previous: "old" })).toBe("new");
  expect(calls.map((call) => call.split(" ", 2).join(" "))).toEqual(["GET /whoami", "POST /admin/keys"]);
});

test("a key that cannot be narrowed is not printed", async () => {
  whoami = { status: 200, body: { key_id: "id", ...SANDBOX_KEY_POLICY } };
  refusal = 503;
  await expect(getStartKey({ ...REQUEST, previous: "old" })).rejects.toThrow("503");
});
