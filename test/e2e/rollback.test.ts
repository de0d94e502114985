/**
 * An upgrade and its rollback on the same state: the previous release, this one, and the previous one again.
 * `previous-release.js.gz` is the bundle of the previous release (docs/storage.md).
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningWorkers, serveBuilt } from "../../dev/built-worker.ts";
import { ADMIN_TOKEN, KEY_SECRET, PROJECT_ID, UPSTREAM_SECRET } from "../../dev/credentials.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { organizationPath } from "../support/paths.ts";
import { useScriptedUpstream } from "./scripted-upstream.ts";

const PREVIOUS_RELEASE = gunzipSync(
  readFileSync(new URL("../storage/previous-release.js.gz", import.meta.url)),
).toString();

/** Longer than a key takes to be created, and over soon after the next start. */
const BRIEF_MS = 1_500;

interface Key {
  readonly key: string;
  readonly key_id: string;
}

const upstream = useScriptedUpstream();
const [acme, globex, initech] = [organization(), organization(), organization()];

let stateFolder: string;
let running: RunningWorkers<"postern"> | undefined;
beforeAll(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "rollback-"));
  upstream.respond = (path) => {
    const name = decodeURIComponent(path.split("/").at(-1) ?? "");
    const found = [acme, globex, initech].find((one) =>
      [one["organization_id"], one["organization_slug"]].includes(name),
    );
    if (found === undefined)
      return { status: 404, body: JSON.stringify({ error_type: "organization_not_found" }) };
    return { body: JSON.stringify(organizationEnvelope(found)) };
  };
});
afterAll(async () => {
  await running?.stop();
  rmSync(stateFolder, { recursive: true });
});

/** Stops the release that runs, and starts this one or another on the same state. */
async function start(script?: string): Promise<void> {
  await running?.stop();
  const vars = {
    STYTCH_PROJECT_ID: PROJECT_ID,
    STYTCH_SECRET: UPSTREAM_SECRET,
    STYTCH_BASE_URL: upstream.origin,
    KEY_SECRET,
    ADMIN_TOKEN,
  };
  const worker = { configPath: "wrangler.toml", vars, ...(script === undefined ? {} : { script }) };
  running = await serveBuilt({ postern: worker }, () => {}, stateFolder);
  upstream.requests = [];
}

async function call(path: string, token: string, method = "GET", body?: object) {
  const response = await fetch(`${running?.origins.postern}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}
async function admin<T>(method: string, path: string, body?: object): Promise<T> {
  const { status, text } = await call(path, ADMIN_TOKEN, method, body);
  expect([method, path, status < 300, text]).toEqual([method, path, true, expect.any(String)]);
  return JSON.parse(text) as T;
}
const createKey = async (fields: object = {}) =>
  await admin<Key>("POST", "/admin/keys", { name: "Partner", scopes: ["organizations:read"], ...fields });
const read = async (org: Parameters<typeof organizationPath>[0], { key }: Pick<Key, "key">) =>
  (await call(organizationPath(org), key)).status;
const policyWith = (seconds: number) => ({ scopes: ["organizations:read"], max_age_seconds: seconds });

test("what this release writes is read by the previous one after a rollback", async () => {
  await start(PREVIOUS_RELEASE);
  const rotated = await createKey();
  const next = await admin<Key>("POST", `/admin/keys/${rotated.key_id}/rotate`, { overlap_seconds: 3_600 });
  const limited = await createKey({ rate_limit: { limit: 3, period_seconds: 86_400 } });
  await admin("PUT", "/admin/session-policy", policyWith(60));
  for (const name of [acme, globex, String(acme["organization_slug"])])
    expect(await read(name, rotated)).toBe(200);
  expect(await read(acme, limited)).toBe(200);

  await start();
  for (const key of [rotated, next]) expect(await read(acme, key)).toBe(200);
  expect(await read(String(acme["organization_slug"]), rotated)).toBe(200);
  expect(upstream.requests).toEqual([]);
  expect(await admin("GET", "/admin/session-policy")).toMatchObject(policyWith(60));
  expect(await read(acme, limited)).toBe(200);
  // KV has it by the time the release ends.
  expect(await read(initech, rotated)).toBe(200);
  const linked = await createKey({ handover_seconds: 3_600 });
  const bound = await createKey({
    organization_ids: [acme["organization_id"]],
    fields: { organization: ["organization_id"], member: null },
  });
  const elsewhere = await createKey({ allowed_ips: ["203.0.113.0/24"] });
  const briefUntil = Date.now() + BRIEF_MS;
  const brief = await createKey({ expires_at: new Date(briefUntil).toISOString() });
  const ended = await createKey();
  await admin("DELETE", `/admin/keys/${ended.key_id}`);
  await admin("PATCH", `/admin/keys/${rotated.key_id}`, { name: "Renamed" });
  await admin("PUT", "/admin/session-policy", policyWith(90));
  await admin("POST", "/admin/cache/purge", { organization_id: globex["organization_id"] });

  await start(PREVIOUS_RELEASE);
  for (const key of [rotated, next, bound]) expect(await read(acme, key)).toBe(200);
  expect(await read(initech, rotated)).toBe(200);
  expect(upstream.requests).toEqual([]);
  expect(await read(globex, rotated)).toBe(200);
  expect(upstream.requests).toHaveLength(1);
  // Each restriction of a key holds, and so does its end.
  const { text } = await call(organizationPath(acme), bound.key);
  expect(Object.keys(JSON.parse(text).organization)).toEqual(["organization_id"]);
  while (Date.now() <= briefUntil) await sleep(briefUntil + 1 - Date.now());
  const refusals = [await read(globex, bound), await read(acme, elsewhere), await read(acme, brief)];
  expect([...refusals, await read(acme, ended)]).toEqual([404, 403, 401, 401]);
  // One of the three tokens was spent in each release.
  expect([await read(acme, limited), await read(acme, limited)]).toEqual([200, 429]);
  expect(await admin("GET", "/admin/session-policy")).toMatchObject(policyWith(90));
  expect(await admin("GET", `/admin/keys/${rotated.key_id}`)).toMatchObject({
    name: "Renamed",
    generation: 2,
  });
  const { keys } = await admin<{ keys: Key[] }>("GET", "/admin/keys");
  expect(keys.map(({ key_id }) => key_id)).toContain(linked.key_id);
  await admin("POST", `/admin/keys/${bound.key_id}/rotate`);
  expect(await admin("DELETE", `/admin/keys/${rotated.key_id}`)).toMatchObject({ status: "revoked" });
});
