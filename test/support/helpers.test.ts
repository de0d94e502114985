/** The helpers that other tests trust. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { NOW, useClock } from "./clock.ts";
import { createIsolate } from "./deployment.ts";
import { logLines } from "./egress.ts";
import { kvThat, objectsThat } from "./fakes.ts";
import { memberPath, organizationPath } from "./paths.ts";
import { setUpOrganization } from "./setup.ts";

const clock = useClock();

test("useClock stops the time at NOW, and moves it by seconds and milliseconds", () => {
  expect(Date.now()).toBe(NOW);
  clock.at(1.25);
  expect(Date.now()).toBe(NOW + 1_250);
  clock.advance(2);
  clock.advanceMs(5);
  expect(Date.now()).toBe(NOW + 3_255);
  clock.atMs(7);
  expect(Date.now()).toBe(NOW + 7);
  expect(clock.iso(60)).toBe("2027-01-15T08:01:00.000Z");
});

test("organizationPath and memberPath take a body or an identifier, which they encode", () => {
  expect(organizationPath("crm|1")).toBe("/v1/b2b/organizations/crm%7C1");
  expect(organizationPath({ organization_id: "organization-test-1" })).toBe(
    "/v1/b2b/organizations/organization-test-1",
  );
  expect(memberPath({ member_id: "m" })).toBe(memberPath("m"));
});

test("setUpOrganization serves the organization with its latest changes", async () => {
  const { isolate, upstream, key, path, slugPath, change } = await setUpOrganization();
  change({ organization_name: "Renamed" });
  for (const target of [path, slugPath]) {
    const response = await isolate.call(target, { key });
    expect(await response.json()).toMatchObject({ organization: { organization_name: "Renamed" } });
  }
  expect(upstream.requests.length).toBeGreaterThan(0);
});

test("kvThat replaces only reads of KV by the isolate", async () => {
  const { isolate, key, path, organization } = await setUpOrganization();
  await isolate.call(path, { key });
  const isDown = true;
  const sources: [object, string, string[] | undefined][] = [
    [kvThat.isEmpty(), "memory", undefined],
    [kvThat.fails(), "memory", ["kv_read"]],
    [kvThat.hangs(), "memory", ["kv_read"]],
    [await kvThat.lags(organization["organization_id"]), "kv", undefined],
    [await kvThat.lags(), "memory", undefined],
    [kvThat.failsIf(() => isDown), "memory", ["kv_read"]],
    [kvThat.failsIf(() => !isDown), "kv", undefined],
  ];
  for (const [ORGANIZATIONS, detail, degraded] of sources) {
    const response = await createIsolate({ ORGANIZATIONS }).call(path, { key });
    expect(response.headers.get("Cache-Status")).toBe(`postern; hit; ttl=60; detail=${detail}`);
    expect(logLines().at(-1)?.["degraded"]).toEqual(degraded);
  }
});

test("objectsThat fails or hangs every method of every object", async () => {
  const { key, path } = await setUpOrganization();
  const namespaces: [object, string[] | undefined][] = [
    [objectsThat.fail(), ["directory"]],
    [objectsThat.hang(), ["directory"]],
    [objectsThat.failIf(env.DIRECTORY, () => true), ["directory"]],
    [objectsThat.failIf(env.DIRECTORY, () => false), undefined],
  ];
  for (const [DIRECTORY, degraded] of namespaces) {
    expect((await createIsolate({ DIRECTORY }).call(path, { key })).status).toBe(200);
    expect(logLines().at(-1)?.["degraded"]).toEqual(degraded);
  }
});
