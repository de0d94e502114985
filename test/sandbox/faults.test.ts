import { describe, expect, test } from "vitest";
import { FAULT_DESCRIPTIONS } from "../../sandbox/faults.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import {
  ACME_PATH,
  addFault,
  get,
  getOrganization,
  getWithFault,
  organizationStatus,
  sendControl,
  useSandbox,
} from "./harness.ts";

useSandbox();

describe("fault queue", () => {
  test("a fault with `match` hits only calls whose raw or decoded path contains it", async () => {
    await addFault({ kind: "status", status: 503, match: "crm|1001" });
    expect(await organizationStatus("crm|1001")).toBe(503);
    expect(await organizationStatus("acme")).toBe(200);
  });

  test("a fault with `times` hits that many calls", async () => {
    await addFault({ kind: "status", status: 500, times: 2 });
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push(await organizationStatus("acme"));
    expect(statuses).toEqual([500, 500, 200, 200]);
  });

  test("a call that does not match a fault does not use it up", async () => {
    await addFault({ kind: "empty", match: "/jwks/", times: 1 });
    expect(await (await getOrganization("acme")).text()).not.toBe("");
    expect(await (await get("/v1/b2b/sessions/jwks/any")).text()).toBe("");
  });

  test("a fault without `times` hits every call until the faults are cleared", async () => {
    await addFault({ kind: "status", status: 500 });
    for (let call = 0; call < 3; call += 1) expect(await organizationStatus("acme")).toBe(500);
    await sendControl("DELETE", "faults");
    expect(await organizationStatus("acme")).toBe(200);
  });

  test("the oldest of two faults comes first", async () => {
    await addFault({ kind: "status", status: 500, times: 1 });
    await addFault({ kind: "status", status: 404, times: 1 });
    const statuses = [await organizationStatus("acme"), await organizationStatus("acme")];
    expect(statuses).toEqual([500, 404]);
  });

  test("a fault never hits a control call", async () => {
    await addFault({ kind: "status", status: 500 });
    expect((await sendControl("GET", "requests")).status).toBe(200);
  });

  test("a fault hits HEAD calls, which still have no body", async () => {
    const response = await getWithFault({ kind: "endless" }, ACME_PATH, { method: "HEAD" });
    expect([response.status, response.body]).toEqual([200, null]);
  });
});

describe("fault validation", () => {
  test("every described kind of fault is accepted with the fields it needs", async () => {
    for (const kind of Object.keys(FAULT_DESCRIPTIONS)) {
      const required =
        kind === "status" ? { status: 500 } : kind.endsWith("_field") ? { field: "status" } : {};
      expect((await sendControl("POST", "faults", { kind, ...required })).status, kind).toBe(201);
    }
  });

  test.each<[string, JsonObject | string, string]>([
    ["an unknown kind", { kind: "explode" }, "kind"],
    ["a status outside the list", { kind: "status", status: 200 }, "status"],
    ["a missing field name", { kind: "missing_field" }, "field"],
    ["an unknown property", { kind: "hang", tmies: 1 }, "tmies"],
    ["zero times", { kind: "hang", times: 0 }, "times"],
    [
      "retry_after on a status other than 429 or 503",
      { kind: "status", status: 500, retry_after: 1 },
      "retry_after",
    ],
    ["an empty match", { kind: "hang", match: "" }, "match"],
    ["text that is not JSON", "{kind", "not JSON"],
  ])("a fault with %s is rejected", async (_, body, reason) => {
    const response = await sendControl("POST", "faults", body);
    expect(response.status).toBe(400);
    const rejection = await response.json<{ message: string; fault_kinds: object }>();
    expect(rejection.message).toContain(reason);
    expect(rejection.fault_kinds).toEqual(FAULT_DESCRIPTIONS);
    expect(await organizationStatus("acme")).toBe(200);
  });
});
