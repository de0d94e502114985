/** The cache over a socket, seen by the official SDK: purges, stale responses and a failing Stytch. */
import { Webhook } from "standardwebhooks";
import { B2BClient } from "stytch";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PROJECT_ID } from "../../dev/credentials.ts";
import { demo, organizations } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { type ClockedPostern, startClockedPostern } from "./postern.ts";

const WEBHOOK_SECRET = "whsec_ZTJlLWNhbmFyeS1vZi10aGUtd2ViaG9vay1zZWNyZXQ0";

let postern: ClockedPostern;
let key: string;

beforeAll(async () => {
  postern = await startClockedPostern({
    STYTCH_WEBHOOK_SECRET: WEBHOOK_SECRET,
    CACHE_FRESH_SECONDS: "2",
    CACHE_STALE_SECONDS: "600",
    CACHE_MEMORY_SECONDS: "1",
    CACHE_NEGATIVE_SECONDS: "1",
  });
  key = await postern.createKey(["organizations:read"]);
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  await postern.control("POST", "reset");
  await postern.admin("POST", "/admin/cache/purge", { organization_id: demo.organization_id });
  await postern.upstreamCalls();
});
afterEach(() => vi.restoreAllMocks());

const IDENTIFIERS = [demo.organization_id, demo.organization_slug, demo.organization_external_id];
const get = async (name: string) =>
  await fetch(postern.url + organizationPath(name), {
    headers: { Authorization: `Bearer ${key}` },
  });
/** The organization's name, read with the SDK. */
const nameOf = async (name: string) => {
  const client = new B2BClient({ project_id: PROJECT_ID, secret: key, env: `${postern.url}/` });
  return (await client.organizations.get({ organization_id: name })).organization.organization_name;
};
const rename = async (name: string) =>
  await postern.control("PATCH", `organizations/${demo.organization_id}`, { organization_name: name });
/** Delivers a webhook with a signature of `secret`. */
const webhook = async (body: string, secret = WEBHOOK_SECRET) => {
  const now = new Date();
  return await fetch(`${postern.url}/webhooks/stytch`, {
    method: "POST",
    body,
    headers: {
      "svix-id": "msg_1",
      "svix-timestamp": String(Math.floor(now.getTime() / 1_000)),
      "svix-signature": new Webhook(secret).sign("msg_1", now, body),
    },
  });
};
const update = JSON.stringify({
  project_id: PROJECT_ID,
  source: "DASHBOARD",
  object_type: "organization",
  action: "UPDATE",
  id: demo.organization_id,
  organization: { organization_id: demo.organization_id },
});

test("only a webhook with a valid signature shows the SDK a change", async () => {
  for (const name of IDENTIFIERS) expect(await nameOf(name)).toBe("Acme Corporation");
  await rename("Acme Renamed");
  const forged = await webhook(update, "whsec_c29tZS1vdGhlci1zZWNyZXQtb2Ytc29tZW9uZS1l");
  expect([forged.status, (await forged.json()) as object]).toEqual([
    401,
    expect.objectContaining({ error_type: "invalid_signature", status_code: 401 }),
  ]);
  expect(await nameOf(demo.organization_id)).toBe("Acme Corporation");
  expect((await webhook(update)).status).toBe(204);
  for (const name of IDENTIFIERS) expect(await nameOf(name)).toBe("Acme Renamed");
});

test("a purge shows the SDK a change by every identifier, and is in the audit", async () => {
  for (const name of IDENTIFIERS) expect(await nameOf(name)).toBe("Acme Corporation");
  await rename("Acme Renamed");
  await postern.admin("POST", "/admin/cache/purge", { organization_id: demo.organization_slug });
  for (const name of IDENTIFIERS) expect(await nameOf(name)).toBe("Acme Renamed");
  await webhook(update);
  const { events } = (await (await postern.admin("GET", "/admin/audit?limit=2")).json()) as {
    events: { action: string; detail: object }[];
  };
  expect(events).toMatchObject([
    {
      action: "cache.purged",
      detail: {
        organization_id: demo.organization_id,
        by: "webhook",
        event: "dashboard.organization.update",
      },
    },
    { action: "cache.purged", detail: { organization_id: demo.organization_slug, by: "admin" } },
  ]);
});

test("a stale response does not wait for a slow Stytch, and is then revalidated", async () => {
  await get(demo.organization_id);
  await rename("Acme Renamed");
  await postern.advance(2_100);
  await postern.control("PUT", "latency", { ms: 1_500 });
  const began = performance.now();
  const stale = await get(demo.organization_id);
  expect(performance.now() - began).toBeLessThan(1_400);
  expect(stale.headers.get("Cache-Status")).toMatch(/^postern; hit; ttl=(0|-\d); detail=(memory|kv)$/);
  expect(await stale.text()).toContain("Acme Corporation");
  await vi.waitFor(
    async () => expect(await (await get(demo.organization_id)).text()).toContain("Acme Renamed"),
    10_000,
  );
});

test("another's organization that is hot costs a bound key the calls of Stytch of a missing one", async () => {
  const organization_ids = [organizations[1]?.organization_id];
  const bound = await postern.createKey(["organizations:read"], { organization_ids });
  const readBound = async (name: string) => {
    await postern.upstreamCalls();
    const headers = { Authorization: `Bearer ${bound}` };
    const { status } = await fetch(postern.url + organizationPath(name), { headers });
    return [status, await postern.upstreamCalls()];
  };
  // Nothing is stale, and so refreshed behind an answer, within 2 s.
  for (const name of IDENTIFIERS) {
    const missing = `missing-${name}`;
    await postern.admin("POST", "/admin/cache/purge", { organization_id: demo.organization_id });
    await get(name);
    for (const expected of [1, 0]) {
      expect(await readBound(name)).toEqual([404, expected]);
      expect(await readBound(missing)).toEqual([404, expected]);
    }
    await postern.advance(1_100);
    await get(name);
    expect(await readBound(name)).toEqual([404, 1]);
    expect(await readBound(missing)).toEqual([404, 1]);
  }
});

test("a failing Stytch is hidden by the stale response, and retried with back-off", async () => {
  const { organization_id } = organizations[31] ?? demo;
  await get(organization_id);
  await postern.upstreamCalls();
  await postern.control("POST", "faults", { kind: "status", status: 500 });
  await postern.advance(2_100);
  for (let i = 0; i < 30; i += 1) {
    expect((await get(organization_id)).status).toBe(200);
    await postern.advance(50);
  }
  expect(await postern.upstreamCalls()).toBeLessThanOrEqual(3);
});
