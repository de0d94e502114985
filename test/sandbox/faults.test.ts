import { beforeEach, describe, expect, test } from "vitest";
import { FAULT_KINDS } from "../../sandbox/faults.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { ACME, get, getOrganization, reset, tell, withFault } from "./harness.ts";

beforeEach(reset);

describe("which calls a fault befalls", () => {
  test("only those whose path it matches, as sent or decoded", async () => {
    await tell("POST", "faults", { kind: "status", status: 503, match: "crm|1001" });
    expect((await getOrganization("crm|1001")).status).toBe(503);
    expect((await getOrganization("acme")).status).toBe(200);
  });

  test("as many as `times` says", async () => {
    await tell("POST", "faults", { kind: "status", status: 500, times: 2 });
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await getOrganization("acme")).status);
    expect(statuses).toEqual([500, 500, 200, 200]);
  });

  test("a call that it does not match does not use it up", async () => {
    await tell("POST", "faults", { kind: "empty", match: "/jwks/", times: 1 });
    expect(await (await getOrganization("acme")).text()).not.toBe("");
    expect(await (await get("/v1/b2b/sessions/jwks/any")).text()).toBe("");
  });

  test("without `times` all of them, until the faults are cleared", async () => {
    await tell("POST", "faults", { kind: "status", status: 500 });
    for (let call = 0; call < 3; call += 1) expect((await getOrganization("acme")).status).toBe(500);
    await tell("DELETE", "faults");
    expect((await getOrganization("acme")).status).toBe(200);
  });

  test("the oldest fault comes first", async () => {
    await tell("POST", "faults", { kind: "status", status: 500, times: 1 });
    await tell("POST", "faults", { kind: "status", status: 404, times: 1 });
    const statuses = [(await getOrganization("acme")).status, (await getOrganization("acme")).status];
    expect(statuses).toEqual([500, 404]);
  });

  test("control calls never", async () => {
    await tell("POST", "faults", { kind: "status", status: 500 });
    expect((await tell("GET", "requests")).status).toBe(200);
  });

  test("HEAD calls too, still without a body", async () => {
    const response = await withFault({ kind: "endless" }, ACME, { method: "HEAD" });
    expect([response.status, response.body]).toEqual([200, null]);
  });
});

describe("asking for a fault", () => {
  test("every kind that has a sentence can be asked for, by its name and what it needs", async () => {
    for (const kind of Object.keys(FAULT_KINDS)) {
      const needs = kind === "status" ? { status: 500 } : kind.endsWith("_field") ? { field: "status" } : {};
      expect((await tell("POST", "faults", { kind, ...needs })).status, kind).toBe(201);
    }
  });

  test.each<[string, JsonObject | string, string]>([
    ["an unknown kind", { kind: "explode" }, "kind"],
    ["a status that is not offered", { kind: "status", status: 200 }, "status"],
    ["a missing field name", { kind: "missing_field" }, "field"],
    ["an unknown property", { kind: "hang", tmies: 1 }, "tmies"],
    ["no times at all", { kind: "hang", times: 0 }, "times"],
    [
      "Retry-After with a status that has none",
      { kind: "status", status: 500, retry_after: 1 },
      "retry_after",
    ],
    ["an empty match", { kind: "hang", match: "" }, "match"],
    ["a body that is not JSON", "{kind", "not JSON"],
  ])("%s is refused, says why, and adds nothing", async (_, body, named) => {
    const response = await tell("POST", "faults", body);
    expect(response.status).toBe(400);
    const refusal = await response.json<{ message: string; fault_kinds: object }>();
    expect(refusal.message).toContain(named);
    expect(refusal.fault_kinds).toEqual(FAULT_KINDS);
    expect((await getOrganization("acme")).status).toBe(200);
  });
});
