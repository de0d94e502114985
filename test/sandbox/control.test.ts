import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { demo, members, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { authorization, get, getMember, getOrganization, reset, send, tell } from "./harness.ts";

interface Log {
  total: number;
  requests: { method: string; path: string; search: string; headers: Record<string, string> }[];
}

async function log(): Promise<Log> {
  return (await tell("GET", "requests")).json<Log>();
}

beforeEach(reset);
afterEach(() => {
  vi.useRealTimers();
});

describe("requests", () => {
  test("an API call is logged as it came, percent-encoding and headers included", async () => {
    await get("/v1/b2b/organizations/crm%7C1001?include_deleted=True&x=1");
    const { total, requests } = await log();
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

  test("refused and unknown calls are logged, control calls are not", async () => {
    await send("/v1/b2b/organizations/acme");
    await send("/unknown", { method: "POST" });
    await tell("PUT", "latency", { ms: 0 });
    expect((await log()).requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/b2b/organizations/acme",
      "POST /unknown",
    ]);
  });

  test("the last 1,000 are kept and all are counted", async () => {
    for (let call = 0; call < 1002; call += 1) await send(`/unknown/${call}`);
    const { total, requests } = await log();
    expect([total, requests.length]).toEqual([1002, 1000]);
    expect([requests[0]?.path, requests.at(-1)?.path]).toEqual(["/unknown/2", "/unknown/1001"]);
  });

  test("DELETE clears log and count", async () => {
    await getOrganization("acme");
    expect((await tell("DELETE", "requests")).status).toBe(204);
    expect(await log()).toEqual({ total: 0, requests: [] });
  });
});

describe("latency", () => {
  test("delays API answers by as much as it says, control answers not at all", async () => {
    vi.useFakeTimers();
    expect(await (await tell("PUT", "latency", { ms: 80 })).json()).toEqual({ ms: 80 });
    const answered = vi.fn();
    const answer = getOrganization("acme");
    answer.then(answered, answered);
    await vi.advanceTimersByTimeAsync(79);
    expect((await log()).total).toBe(1);
    expect(answered).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect((await answer).status).toBe(200);
  });

  test("an answer under way does not see a change made meanwhile", async () => {
    vi.useFakeTimers();
    await tell("PUT", "latency", { ms: 80 });
    const answer = getOrganization("acme");
    await tell("PATCH", `organizations/${demo.organization_id}`, { organization_name: "Later" });
    await vi.advanceTimersByTimeAsync(80);
    expect(await (await answer).json()).toHaveProperty("organization.organization_name", "Acme Corporation");
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
  ])("%j is refused", async (body, message) => {
    const response = await tell("PUT", "latency", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe("organizations", () => {
  const path = `organizations/${demo.organization_id}`;

  test("PATCH merges fields, nulls and unknown ones too, and answers with the whole", async () => {
    const fields = { organization_name: "Renamed", sso_default_connection_id: null, brand_new: [1] };
    const response = await tell("PATCH", path, fields);
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

  test("a changed slug or external ID works from then on, and the old one no longer", async () => {
    await tell("PATCH", path, { organization_slug: "acme-2", organization_external_id: null });
    const statuses = [];
    for (const key of ["acme-2", "acme", "crm|1001"]) statuses.push((await getOrganization(key)).status);
    expect(statuses).toEqual([200, 404, 404]);
  });

  test("a string that is one organization's slug and another's external ID names the first", async () => {
    const other = organizations[1]?.organization_id;
    await tell("PATCH", `organizations/${other}`, { organization_external_id: "acme" });
    const body = await (await getOrganization("acme")).json();
    expect(body).toHaveProperty("organization.organization_id", demo.organization_id);
  });

  test("DELETE makes it and its members not found, by every key", async () => {
    expect((await tell("DELETE", path)).status).toBe(204);
    for (const key of [demo.organization_id, "acme", "crm|1001"]) {
      expect((await getOrganization(key)).status).toBe(404);
    }
    expect((await getMember(demo.member_id)).status).toBe(404);
    expect((await getMember(demo.deleted_member_id, "?include_deleted=true")).status).toBe(404);
    expect((await tell("PATCH", `members/${demo.member_id}`, { name: "x" })).status).toBe(404);
    expect((await tell("DELETE", path)).status).toBe(404);
  });

  test("an organization is not patched or deleted by its slug", async () => {
    expect((await tell("PATCH", "organizations/acme", { organization_name: "x" })).status).toBe(404);
    expect((await tell("DELETE", "organizations/acme")).status).toBe(404);
    expect((await getOrganization("acme")).status).toBe(200);
  });

  test.each<[JsonObject | string, string]>([
    [{ organization_id: "other" }, "organization_id cannot be changed"],
    ["[]", "must be a JSON object"],
    ["nonsense", "must be a JSON object"],
  ])("PATCH with %j is refused", async (body, message) => {
    const response = await tell("PATCH", path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe("members", () => {
  const path = `members/${demo.member_id}`;

  test("PATCH merges fields, so a member can be deleted and reactivated", async () => {
    const response = await tell("PATCH", path, { status: "deleted" });
    expect(await response.json()).toEqual({ ...members[0], status: "deleted" });
    expect((await getMember(demo.member_id)).status).toBe(404);
    await tell("PATCH", path, { status: "active" });
    expect((await getMember(demo.member_id)).status).toBe(200);
  });

  test("PATCH of an unknown member is 404, of its IDs 400", async () => {
    expect((await tell("PATCH", "members/nobody", { name: "x" })).status).toBe(404);
    expect((await tell("PATCH", path, { member_id: "x" })).status).toBe(400);
    expect((await tell("PATCH", path, { organization_id: "x" })).status).toBe(400);
  });
});

describe("reset and the rest", () => {
  test("reset restores data, faults, latency and log", async () => {
    await tell("PATCH", `organizations/${demo.organization_id}`, {
      organization_name: "x",
      organization_slug: "y",
    });
    await tell("PATCH", `members/${demo.member_id}`, { name: "x" });
    await tell("DELETE", `organizations/${organizations[1]?.organization_id}`);
    await tell("POST", "faults", { kind: "status", status: 500 });
    await tell("PUT", "latency", { ms: 60_000 });
    expect((await reset()).status).toBe(204);
    expect((await log()).total).toBe(0);
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
  ])("%s %s is no control, and the answer lists those that are", async (method, resource) => {
    const response = await tell(method, resource);
    expect(response.status).toBe(404);
    expect(await response.json()).toHaveProperty("routes", expect.arrayContaining(["POST faults"]));
  });
});
