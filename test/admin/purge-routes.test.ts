/** `POST /admin/cache/purge`: what it purges and logs, and what it refuses. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { setUpOrganization } from "../support/setup.ts";
import { stubUpstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const PATH = "/admin/cache/purge";

const { at } = useClock();

let isolate: TestIsolate;

const purge = async (body: unknown) => await isolate.admin("POST", PATH, body);

describe("a purge by an operator", () => {
  beforeEach(() => {
    isolate = createIsolate();
  });

  test("a purge costs one call of the Directory and one of the identifier's object", async () => {
    const upstream = stubUpstream();
    for (const name of ["organization-test-1", "slug_1", "crm|1", "a".repeat(256), "株式会社"]) {
      isolate.resetCounts();
      const response = await purge({ organization_id: name });
      expect([response.status, await response.json()]).toEqual([200, { purged: name }]);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { purge: 2 } });
    }
    expect(upstream.requests).toEqual([]);
  });

  test("the log line of a purge has its route, and not the identifier", async () => {
    await purge({ organization_id: "organization-of-nobodys-business" });
    expect(logLines()).toMatchObject([{ route: PATH, method: "POST", status: 200, key_id: null }]);
    expect(JSON.stringify(logLines())).not.toContain("nobodys");
  });
});

describe("a refused purge", () => {
  let organization: Json;
  let key: string;
  let path: string;
  beforeEach(async () => {
    await emptyDirectory();
    ({ isolate, organization, key, path } = await setUpOrganization({
      scopes: ["organizations:read", "cache:refresh"],
    }));
    await isolate.call(path, { key });
    isolate.resetCounts();
  });

  async function expectNothingPurged() {
    expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
    at(5);
    for (const reader of [isolate, createIsolate()]) {
      const response = await reader.call(path, { key });
      expect(response.headers.get("Cache-Status")).toMatch(/^postern; hit/);
    }
    const audit = await isolate.admin("GET", "/admin/audit");
    const { events } = await audit.json<{ events: Json[] }>();
    expect(events.map(({ action }) => action)).toEqual(["key.created"]);
  }

  test.each<[string, () => Record<string, string>]>([
    ["no token", () => ({})],
    ["another token", () => ({ Authorization: "Bearer not-the-token" })],
    ["a part of the token", () => ({ Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN.slice(1)}` })],
    ["a key of any scopes", () => ({ Authorization: `Bearer ${key}` })],
    ["the token as a password", () => ({ Authorization: `Basic ${btoa(`:${TEST_VARS.ADMIN_TOKEN}`)}` })],
  ])("a purge with %s is answered 401 and purges nothing", async (_, headers) => {
    const body = { organization_id: organization["organization_id"] };
    const response = await isolate.call(PATH, { method: "POST", headers: headers(), body });
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="postern"/);
    expect(await response.json()).toMatchObject({ error_type: "invalid_admin_token" });
    await expectNothingPurged();
  });

  test("a purge without an admin API is answered 404 and purges nothing", async () => {
    const without = createIsolate({ ADMIN_TOKEN: "" });
    const response = await without.admin("POST", PATH, { organization_id: organization["organization_id"] });
    expect(await response.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
    expect(without.counts.objects).toEqual({});
    await expectNothingPurged();
  });

  test.each<[string, string, (id: unknown) => unknown]>([
    ["an unknown field", "reason", (id) => ({ organization_id: id, reason: "x" })],
    ["a misspelt field", "organisation_id", (id) => ({ organisation_id: id })],
    ["a list of identifiers", "organization_ids", (id) => ({ organization_ids: [id] })],
    ["no field", "organization_id", () => ({})],
    ["null", "organization_id", () => ({ organization_id: null })],
    ["a number", "organization_id", () => ({ organization_id: 7 })],
    ["a list", "organization_id", (id) => ({ organization_id: [id] })],
    ["an empty identifier", "organization_id", () => ({ organization_id: "" })],
    ["a slash in the identifier", "organization_id", (id) => ({ organization_id: `${id}/` })],
    ["a percent sign in the identifier", "organization_id", (id) => ({ organization_id: `${id}%20` })],
    ["a line break in the identifier", "organization_id", (id) => ({ organization_id: `${id}\n` })],
    ["dots as identifier", "organization_id", () => ({ organization_id: ".." })],
    ["257 characters", "organization_id", () => ({ organization_id: "a".repeat(257) })],
    ["a key, pasted by mistake", "organization_id", () => ({ organization_id: key })],
  ])("a purge of %s is refused with the name of the field %s", async (_, field, body) => {
    const response = await purge(body(organization["organization_id"]));
    expect(response.status).toBe(400);
    const error = await response.json<{ error_type: string; error_message: string }>();
    expect(error).toMatchObject({ error_type: "invalid_request" });
    expect(error.error_message.startsWith(`${field}: `)).toBe(true);
    expect(error.error_message).not.toContain(String(organization["organization_id"]));
    await expectNothingPurged();
  });

  test.each<[string, (id: unknown) => string]>([
    ["empty", () => ""],
    ["not JSON", (id) => `organization_id=${id}`],
    ["incomplete", (id) => `{"organization_id":"${id}"`],
    ["a string", (id) => JSON.stringify(id)],
    ["a list", (id) => JSON.stringify([{ organization_id: id }])],
    ["null", () => "null"],
    ["over 64 KiB", (id) => `{"organization_id":"${id}"}${" ".repeat(65_536)}`],
  ])("a purge whose body is %s is refused with 400", async (_, body) => {
    const response = await purge(body(organization["organization_id"]));
    expect(await response.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
    await expectNothingPurged();
  });

  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE"])(
    "the method %s on the purge route is answered 405",
    async (method) => {
      const response = await isolate.admin(
        method,
        `${PATH}?organization_id=${organization["organization_id"]}`,
      );
      expect([response.status, response.headers.get("Allow")]).toEqual([405, "POST"]);
      await expectNothingPurged();
    },
  );

  test("a purge is answered 503 while the Directory fails, and is not in the audit", async () => {
    const failing = vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
      throw new Error("the directory fails");
    });
    const response = await purge({ organization_id: organization["organization_id"] });
    expect(await response.json()).toMatchObject({ status_code: 503, error_type: "purge_unavailable" });
    expect(failing).toHaveBeenCalledTimes(1);
    expect(isolate.counts.objects).toEqual({ purge: 1 });
    isolate.resetCounts();
    await expectNothingPurged();
  });
});
