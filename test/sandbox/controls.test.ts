import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { demo, members, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { authorization, get, getMember, getOrganization, reset, send, sendControl } from "./harness.ts";

interface Log {
  total: number;
  requests: { method: string; path: string; search: string; headers: Record<string, string> }[];
}

async function readLog(): Promise<Log> {
  return (await sendControl("GET", "requests")).json<Log>();
}

beforeEach(reset);
afterEach(() => {
  vi.useRealTimers();
});

describe("requests", () => {
  test("an API call is logged with its raw path, query and headers", async () => {
    await get("/v1/b2b/organizations/crm%7C1001?include_deleted=True&x=1");
    const { total, requests } = await readLog();
    expect(total).toBe(1);
    expect(requests).toEqual([
      {
        method: "GET",
        path: "/v1/b2b/organizations/crm%7C1001",
        search: "?include_deleted=True&x=1",
        headers: expect.objectContaining({ authorization }),
      },
    ]);
  });

  test("rejected and unknown calls are logged, control calls are not", async () => {
    await send("/v1/b2b/organizations/acme");
    await send("/unknown", { method: "POST" });
    await sendControl("PUT", "latency", { ms: 0 });
    expect((await readLog()).requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/b2b/organizations/acme",
      "POST /unknown",
    ]);
  });

  test("the log keeps the last 1,000 calls and counts all", async () => {
    for (let call = 0; call < 1002; call += 1) await send(`/unknown/${call}`);
    const { total, requests } = await readLog();
    expect([total, requests.length]).toEqual([1002, 1000]);
    expect([requests[0]?.path, requests.at(-1)?.path]).toEqual(["/unknown/2", "/unknown/1001"]);
  });

  test("DELETE requests clears the log and the count", async () => {
    await getOrganization("acme");
    expect((await sendControl("DELETE", "requests")).status).toBe(204);
    expect(await readLog()).toEqual({ total: 0, requests: [] });
  });
});

describe("latency", () => {
  test("latency delays API responses by exactly its value, and no control response", async () => {
    vi.useFakeTimers();
    expect(await (await sendControl("PUT", "latency", { ms: 80 })).json()).toEqual({ ms: 80 });
    const settled = vi.fn();
    const response = getOrganization("acme");
    response.then(settled, settled);
    await vi.advanceTimersByTimeAsync(79);
    expect((await readLog()).total).toBe(1);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect((await response).status).toBe(200);
  });

  test("a delayed response does not show a change made during the delay", async () => {
    vi.useFakeTimers();
    await sendControl("PUT", "latency", { ms: 80 });
    const response = getOrganization("acme");
    await sendControl("PATCH", `organizations/${demo.organization_id}`, { organization_name: "Later" });
    await vi.advanceTimersByTimeAsync(80);
    expect(await (await response).json()).toHaveProperty(
      "organization.organization_name",
      "Acme Corporation",
    );
  });

  test.each<[JsonObject | string, string]>([
    [{}, "at ms"],
    [{ ms: -1 }, "at ms"],
    [{ ms: 1.5 }, "at ms"],
    [{ ms: "80" }, "at ms"],
    [{ ms: 60_001 }, "at ms"],
    [{ ms: 1, unit: "s" }, "unit"],
    ["80", "expected object"],
    ["{", "not JSON"],
  ])("latency rejects the body %j", async (body, message) => {
    const response = await sendControl("PUT", "latency", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe("organizations", () => {
  const path = `organizations/${demo.organization_id}`;

  test("PATCH of an organization merges null and unknown fields and returns it whole", async () => {
    const fields = { organization_name: "Renamed", sso_default_connection_id: null, brand_new: [1] };
    const response = await sendControl("PATCH", path, fields);
    expect(await response.json()).toEqual({ ...organizations[0], ...fields });
    expect(await (await getOrganization("acme")).json()).toHaveProperty("organization", {
      ...organizations[0],
      ...fields,
    });
    expect(await (await getMember(demo.member_id)).json()).toHaveProperty(
      "organization.organization_name",
      "Renamed",
    );
  });

  test("a new slug or external ID is found and the old one is not", async () => {
    await sendControl("PATCH", path, { organization_slug: "acme-2", organization_external_id: null });
    const statuses = [];
    for (const key of ["acme-2", "acme", "crm|1001"]) statuses.push((await getOrganization(key)).status);
    expect(statuses).toEqual([200, 404, 404]);
  });

  test("a slug wins over an equal external ID of another organization", async () => {
    const other = organizations[1]?.organization_id;
    await sendControl("PATCH", `organizations/${other}`, { organization_external_id: "acme" });
    const body = await (await getOrganization("acme")).json();
    expect(body).toHaveProperty("organization.organization_id", demo.organization_id);
  });

  test("a deleted organization and its members are not found by any identifier", async () => {
    expect((await sendControl("DELETE", path)).status).toBe(204);
    for (const key of [demo.organization_id, "acme", "crm|1001"]) {
      expect((await getOrganization(key)).status).toBe(404);
    }
    expect((await getMember(demo.member_id)).status).toBe(404);
    expect((await getMember(demo.deleted_member_id, "?include_deleted=true")).status).toBe(404);
    expect((await sendControl("PATCH", `members/${demo.member_id}`, { name: "x" })).status).toBe(404);
    expect((await sendControl("DELETE", path)).status).toBe(404);
  });

  test("an organization is not patched or deleted by its slug", async () => {
    expect((await sendControl("PATCH", "organizations/acme", { organization_name: "x" })).status).toBe(404);
    expect((await sendControl("DELETE", "organizations/acme")).status).toBe(404);
    expect((await getOrganization("acme")).status).toBe(200);
  });

  test.each<[JsonObject | string, string]>([
    [{ organization_id: "other" }, "organization_id cannot be changed"],
    ["[]", "must be a JSON object"],
    ["nonsense", "must be a JSON object"],
  ])("PATCH of an organization rejects the body %j", async (body, message) => {
    const response = await sendControl("PATCH", path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe("members", () => {
  const path = `members/${demo.member_id}`;

  test("PATCH of a member merges fields: it can be deleted and reactivated", async () => {
    const response = await sendControl("PATCH", path, { status: "deleted" });
    expect(await response.json()).toEqual({ ...members[0], status: "deleted" });
    expect((await getMember(demo.member_id)).status).toBe(404);
    await sendControl("PATCH", path, { status: "active" });
    expect((await getMember(demo.member_id)).status).toBe(200);
  });

  test("PATCH of an unknown member is a 404, and of a member's IDs a 400", async () => {
    expect((await sendControl("PATCH", "members/nobody", { name: "x" })).status).toBe(404);
    expect((await sendControl("PATCH", path, { member_id: "x" })).status).toBe(400);
    expect((await sendControl("PATCH", path, { organization_id: "x" })).status).toBe(400);
  });
});

describe("reset and unknown controls", () => {
  test("reset restores the data and clears faults, latency and the log", async () => {
    await sendControl("PATCH", `organizations/${demo.organization_id}`, {
      organization_name: "x",
      organization_slug: "y",
    });
    await sendControl("PATCH", `members/${demo.member_id}`, { name: "x" });
    await sendControl("DELETE", `organizations/${organizations[1]?.organization_id}`);
    await sendControl("POST", "faults", { kind: "status", status: 500 });
    await sendControl("PUT", "latency", { ms: 60_000 });
    expect((await reset()).status).toBe(204);
    expect((await readLog()).total).toBe(0);
    expect(await (await getOrganization("acme")).json()).toHaveProperty("organization", organizations[0]);
    expect(await (await getMember(demo.member_id)).json()).toHaveProperty("member", members[0]);
    expect((await getOrganization(organizations[1]?.organization_slug ?? "")).status).toBe(200);
  });

  test.each([
    ["GET", "nothing"],
    ["GET", "faults"],
    ["POST", "requests"],
    ["DELETE", "members/x"],
    ["PATCH", "organizations"],
    ["GET", "reset"],
  ])("%s %s is not a control, and the 404 lists the controls", async (method, resource) => {
    const response = await sendControl(method, resource);
    expect(response.status).toBe(404);
    expect(await response.json()).toHaveProperty("routes", [
      "GET requests",
      "DELETE requests",
      "PUT latency",
      "POST faults",
      "DELETE faults",
      "PATCH organizations/{organization_id}",
      "PATCH members/{member_id}",
      "DELETE organizations/{organization_id}",
      "POST reset",
    ]);
  });
});
