import { describe, expect, test } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import {
  acme,
  acmeMember,
  expectRejection,
  getMember,
  getOrganization,
  memberStatus,
  organizationStatus,
  otherOrganization,
  sendControl,
  useSandbox,
} from "./harness.ts";

useSandbox();

describe("organizations", () => {
  const path = `organizations/${demo.organization_id}`;

  test("PATCH of an organization merges null and unknown fields and returns it whole", async () => {
    const fields = { organization_name: "Renamed", sso_default_connection_id: null, brand_new: [1] };
    const response = await sendControl("PATCH", path, fields);
    expect(await response.json()).toEqual({ ...acme, ...fields });
    expect(await (await getOrganization("acme")).json()).toHaveProperty("organization", {
      ...acme,
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
    for (const key of ["acme-2", "acme", "crm|1001"]) statuses.push(await organizationStatus(key));
    expect(statuses).toEqual([200, 404, 404]);
  });

  test("a slug wins over an equal external ID of another organization", async () => {
    const other = otherOrganization?.organization_id;
    await sendControl("PATCH", `organizations/${other}`, { organization_external_id: "acme" });
    const body = await (await getOrganization("acme")).json();
    expect(body).toHaveProperty("organization.organization_id", demo.organization_id);
  });

  test("a deleted organization and its members are not found by any identifier", async () => {
    expect((await sendControl("DELETE", path)).status).toBe(204);
    for (const key of [demo.organization_id, "acme", "crm|1001"]) {
      expect(await organizationStatus(key)).toBe(404);
    }
    expect(await memberStatus(demo.member_id)).toBe(404);
    expect(await memberStatus(demo.deleted_member_id, "?include_deleted=true")).toBe(404);
    expect((await sendControl("PATCH", `members/${demo.member_id}`, { name: "x" })).status).toBe(404);
    expect((await sendControl("DELETE", path)).status).toBe(404);
  });

  test("an organization is not patched or deleted by its slug", async () => {
    expect((await sendControl("PATCH", "organizations/acme", { organization_name: "x" })).status).toBe(404);
    expect((await sendControl("DELETE", "organizations/acme")).status).toBe(404);
    expect(await organizationStatus("acme")).toBe(200);
  });

  test.each<[JsonObject | string, string]>([
    [{ organization_id: "other" }, "organization_id cannot be changed"],
    ["[]", "must be a JSON object"],
    ["nonsense", "must be a JSON object"],
  ])("PATCH of an organization rejects the body %j", async (body, message) => {
    await expectRejection(await sendControl("PATCH", path, body), message);
  });
});

describe("members", () => {
  const path = `members/${demo.member_id}`;

  test("PATCH of a member merges fields: it can be deleted and reactivated", async () => {
    const response = await sendControl("PATCH", path, { status: "deleted" });
    expect(await response.json()).toEqual({ ...acmeMember, status: "deleted" });
    expect(await memberStatus(demo.member_id)).toBe(404);
    await sendControl("PATCH", path, { status: "active" });
    expect(await memberStatus(demo.member_id)).toBe(200);
  });

  test("PATCH of an unknown member is a 404, and of a member's IDs a 400", async () => {
    expect((await sendControl("PATCH", "members/nobody", { name: "x" })).status).toBe(404);
    expect((await sendControl("PATCH", path, { member_id: "x" })).status).toBe(400);
    expect((await sendControl("PATCH", path, { organization_id: "x" })).status).toBe(400);
  });
});
