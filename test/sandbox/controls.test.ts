import { describe, expect, test, vi } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { useIdleObjects } from "../support/settle.ts";
import {
  acme,
  acmeMember,
  addFault,
  expectRejection,
  getMember,
  getOrganization,
  organizationStatus,
  otherOrganization,
  readRequestLog,
  sendControl,
  useSandbox,
} from "./harness.ts";

useIdleObjects();

useSandbox();

describe("latency", () => {
  test("latency delays API responses by exactly its value, and no control response", async () => {
    vi.useFakeTimers();
    expect(await (await sendControl("PUT", "latency", { ms: 80 })).json()).toEqual({ ms: 80 });
    const settled = vi.fn();
    const response = getOrganization("acme");
    response.then(settled, settled);
    await vi.advanceTimersByTimeAsync(79);
    expect((await readRequestLog()).total).toBe(1);
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
    await expectRejection(await sendControl("PUT", "latency", body), message);
  });
});

describe("reset and unknown controls", () => {
  test("reset restores the data and clears faults, latency and the log", async () => {
    await sendControl("PATCH", `organizations/${demo.organization_id}`, {
      organization_name: "x",
      organization_slug: "y",
    });
    await sendControl("PATCH", `members/${demo.member_id}`, { name: "x" });
    await sendControl("DELETE", `organizations/${otherOrganization?.organization_id}`);
    await addFault({ kind: "status", status: 500 });
    await sendControl("PUT", "latency", { ms: 60_000 });
    expect((await sendControl("POST", "reset")).status).toBe(204);
    expect((await readRequestLog()).total).toBe(0);
    expect(await (await getOrganization("acme")).json()).toHaveProperty("organization", acme);
    expect(await (await getMember(demo.member_id)).json()).toHaveProperty("member", acmeMember);
    expect(await organizationStatus(otherOrganization?.organization_slug ?? "")).toBe(200);
  });

  test.each([
    ["GET", "nothing"],
    ["GET", "faults"],
    ["POST", "requests"],
    ["DELETE", "members/x"],
    ["PATCH", "organizations"],
    ["POST", "organizations"],
    ["GET", "organizations/acme"],
    ["GET", "reset"],
  ])("%s %s is not a control, and the 404 lists the controls", async (method, resource) => {
    const response = await sendControl(method, resource);
    expect(response.status).toBe(404);
    expect(await response.json()).toHaveProperty("routes", [
      "GET requests",
      "DELETE requests",
      "GET organizations",
      "GET members",
      "PUT latency",
      "POST faults",
      "DELETE faults",
      "PATCH organizations/{organization_id}",
      "PATCH members/{member_id}",
      "DELETE organizations/{organization_id}",
      "POST sessions",
      "POST reset",
    ]);
  });
});
