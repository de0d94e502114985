/** What a Directory that fails, hangs or has lost everything means for reads and purges. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../../src/directory/directory.ts";
import { type Json, organization, organizationEnvelope } from "../../support/bodies.ts";
import { nameIn, statusOf } from "../../support/cached.ts";
import { useClock } from "../../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../../support/deployment.ts";
import { logLines } from "../../support/egress.ts";
import { kvThat, objectsThat } from "../../support/fakes.ts";
import { organizationPath } from "../../support/paths.ts";
import { deferred, json, stubUpstream, stytchError } from "../../support/upstream.ts";

const { at } = useClock();

let admin: TestIsolate;
let key: string;
let org: Json;
let byId: string;

beforeEach(async () => {
  org = organization({ organization_external_id: `crm|${crypto.randomUUID()}` });
  byId = organizationPath(org);
  stubUpstream(() => json(organizationEnvelope(org)));
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read"]));
});
const rename = (name: string) => {
  org = { ...org, organization_name: name };
};
const purge = async (name: unknown = org["organization_id"]) =>
  await admin.admin("POST", "/admin/cache/purge", { organization_id: name });

describe("a Directory that fails", () => {
  test.each([
    ["fails", () => Promise.reject(new Error("gone"))],
    ["hangs", () => new Promise<never>(() => {})],
  ])("a Directory that %s costs a read one second at most, once in a lease", async (_, updatesSince) => {
    await admin.call(byId, { key });
    const without = createIsolate({ DIRECTORY: { getByName: () => ({ updatesSince }) } });
    const began = performance.now();
    expect(statusOf(await without.callUntilResponse(byId, { key }))).toBe("postern; hit; ttl=60; detail=kv");
    expect(performance.now() - began).toBeLessThan(1_400);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["directory"], status: 200 });
    const again = performance.now();
    for (let i = 0; i < 5; i += 1) expect((await without.callUntilResponse(byId, { key })).status).toBe(200);
    expect(performance.now() - again).toBeLessThan(500);
  });

  test("a purge that the Directory cannot list is 503, and changes nothing", async () => {
    await admin.call(byId, { key });
    vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
      throw new Error("gone");
    });
    const answer = await purge();
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await answer.json()).toMatchObject({ error_type: "purge_unavailable" });
    expect(statusOf(await createIsolate().call(byId, { key }))).toMatch(/hit/);
  });

  test("a purge whose answer a reset has lost is listed again", async () => {
    await admin.call(byId, { key });
    admin = createIsolate({ DIRECTORY: objectsThat.loseFirstAnswer(env.DIRECTORY) });
    expect((await purge()).status).toBe(200);
    expect(statusOf(await createIsolate().call(byId, { key }))).toMatch(/fwd=miss/);
  });

  test("a purge that the cache asks for is listed again if a reset has lost it", async () => {
    await admin.call(byId, { key });
    const reset = Object.assign(new Error("reset"), { durableObjectReset: true, retryable: true });
    const lost = vi.spyOn(Directory.prototype, "purgeByCache").mockImplementationOnce(() => {
      throw reset;
    });
    stubUpstream(() => stytchError(404, "organization_not_found"));
    at(130);
    expect((await admin.call(byId, { key })).status).toBe(404);
    // The object lists it behind its answer.
    await vi.waitFor(() => expect(lost).toHaveBeenCalledTimes(2));
    expect(logLines().filter(({ degraded }) => degraded !== undefined)).toEqual([]);
  });

  test("a Directory that lost everything goes on with higher numbers", async () => {
    // Later than in any other test: they share the Directory.
    at(10_000_000);
    ({ key } = await createKey(admin, ["organizations:read"]));
    await purge();
    await admin.call(byId, { key });
    await runInDurableObject(env.DIRECTORY.getByName("directory"), (_, state) => {
      state.storage.kv.delete("latest-purge");
      state.storage.sql.exec("DELETE FROM purges");
    });
    at(10_000_001);
    rename("Renamed");
    await purge();
    expect(await nameIn(await admin.call(byId, { key }))).toBe("Renamed");
  });
});

test("an isolate asks the Directory once in half a lease for any number of answers", async () => {
  const reader = createIsolate();
  await reader.call(byId, { key });
  reader.resetCounts();
  for (let tenths = 1; tenths <= 100; tenths += 1) {
    at(tenths / 10);
    await reader.call(byId, { key });
  }
  expect(reader.counts.objects["updatesSince"]).toBe(4);
});

test("a slow KV does not make the purge list older than a lease", async () => {
  await admin.call(byId, { key });
  const kv = await kvThat.lags(org["organization_id"]);
  const gate = deferred<undefined>();
  let isSlow = false;
  const reader = createIsolate({
    CACHE_MEMORY_SECONDS: "0",
    ORGANIZATIONS: {
      getWithMetadata: async (name: string) => {
        if (isSlow) await gate.promise;
        return await kv.getWithMetadata(name);
      },
    },
  });
  await reader.call(byId, { key });
  // The next background sync of the list fails.
  vi.spyOn(Directory.prototype, "updatesSince").mockRejectedValueOnce(new Error("gone"));
  rename("Renamed");
  await purge();
  isSlow = true;
  at(4.9);
  const slow = reader.call(byId, { key });
  await scheduler.wait(20);
  at(5.1);
  gate.resolve(undefined);
  expect(await nameIn(await slow)).toBe("Renamed");
});
