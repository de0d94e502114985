/**
 * An upgrade over real sockets: under steady load, a version is replaced by another one on the same state.
 *
 * Two runtimes must not use one state at once, since each would have objects of its own over the same files. So requests
 * wait in front until the old version has answered all that it had, and the next one has started. This does not show
 * versions side by side, nor objects that are reset while isolates go on: `test/upgrade.test.ts` does. Both versions are
 * of this code, with other variables.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningWorkers, serveBuilt } from "../../dev/built-worker.ts";
import { ADMIN_TOKEN, KEY_SECRET, PROJECT_ID, SECRETS, UPSTREAM_SECRET } from "../../dev/credentials.ts";
import { member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { useScriptedUpstream } from "./scripted-upstream.ts";
import { startVersionFront, VERSION_HEADER, type VersionFront } from "./version-front.ts";

const CALLERS = 8;
/** How many answers each version gives under load, at least. */
const ANSWERS = 60;
/** Less than the calls of the limited key. */
const LIMIT = 10;
const POLICY = { scopes: ["organizations:read"], max_age_seconds: 60 };

const upstream = useScriptedUpstream();
const acme = organization();
const acmePath = organizationPath(acme);
const ada = member({ organization_id: acme["organization_id"] });

let stateFolder: string;
let version: RunningWorkers<"postern">;
let front: VersionFront;
const lines: string[] = [];

async function start(vars: Record<string, string>): Promise<string> {
  const all = {
    STYTCH_PROJECT_ID: PROJECT_ID,
    STYTCH_SECRET: UPSTREAM_SECRET,
    STYTCH_BASE_URL: upstream.origin,
    KEY_SECRET,
    ADMIN_TOKEN,
    ...vars,
  };
  const postern = { configPath: "wrangler.toml", vars: all };
  version = await serveBuilt({ postern }, (line) => void lines.push(line), stateFolder);
  return version.origins.postern;
}

beforeAll(async () => {
  stateFolder = mkdtempSync(join(tmpdir(), "upgrade-"));
  front = await startVersionFront(await start({ LEASE_SECONDS: "1" }));
  upstream.respond = (path) => {
    const name = decodeURIComponent(path.split("/").at(-1) ?? "");
    if (name === ada["member_id"]) return { body: JSON.stringify(memberEnvelope(ada, acme)) };
    const isAcme = [acme["organization_id"], acme["organization_slug"]].includes(name);
    const found = isAcme ? acme : organization({ organization_id: name });
    return { body: JSON.stringify(organizationEnvelope(found)) };
  };
});
afterAll(async () => {
  front.close();
  await version.stop();
  rmSync(stateFolder, { recursive: true });
  expect(lines.filter((line) => SECRETS.some((secret) => line.includes(secret)))).toEqual([]);
});

async function call(path: string, token: string, method = "GET", body?: object) {
  const response = await fetch(front.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    version: Number(response.headers.get(VERSION_HEADER)),
    text: await response.text(),
  };
}
const admin = async (method: string, path: string, body?: object) =>
  JSON.parse((await call(path, ADMIN_TOKEN, method, body)).text);
const createKey = async (fields: object = {}): Promise<{ key: string; key_id: string }> =>
  await admin("POST", "/admin/keys", {
    name: "e2e",
    scopes: ["organizations:read", "members:dangerously_get"],
    ...fields,
  });

/** What the deployment has counted of all requests. */
async function scrape(): Promise<number> {
  const { text } = await call("/metrics", ADMIN_TOKEN);
  const samples = text.matchAll(/^postern_http_requests_total\{.*\} (\d+)$/gm);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}

const MAY_BE_SLOW = { timeout: 12_000, interval: 10 };

test("a version is replaced under load on real sockets, and no call fails", async () => {
  const free = await createKey();
  const limited = await createKey({ rate_limit: { limit: LIMIT, period_seconds: 86_400 } });
  const revoked = await createKey();
  await admin("DELETE", `/admin/keys/${revoked.key_id}`);
  await admin("PUT", "/admin/session-policy", POLICY);

  const slugPath = organizationPath(String(acme["organization_slug"]));
  const editPath = `/admin/keys/${free.key_id}`;
  const kinds: readonly (readonly [() => ReturnType<typeof call>, readonly number[]])[] = [
    [async () => await call(acmePath, free.key), [200]],
    [async () => await call(slugPath, free.key), [200]],
    [async () => await call(organizationPath(organization()), free.key), [200]],
    [async () => await call(memberPath(ada), free.key), [200]],
    [async () => await call(acmePath, limited.key), [200, 429]],
    [async () => await call(acmePath, revoked.key), [401]],
    [async () => await call("/admin/keys", ADMIN_TOKEN), [200]],
    [async () => await call(editPath, ADMIN_TOKEN, "PATCH", { name: crypto.randomUUID() }), [200]],
  ];
  const answers: { kind: number; status: number; version: number; isAllowed: boolean }[] = [];
  const counts: number[] = [];
  let isUnderLoad = true;
  const caller = async (number: number) => {
    for (let kind = number; isUnderLoad; kind = (kind + 1) % kinds.length) {
      const [send, allowed] = kinds[kind] as (typeof kinds)[number];
      const { status, version: by } = await send();
      answers.push({ kind, status, version: by, isAllowed: allowed.includes(status) });
    }
  };
  const scraper = async () => {
    while (isUnderLoad) {
      counts.push(await scrape());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const load = [...Array.from({ length: CALLERS }, async (_, number) => await caller(number)), scraper()];
  const answeredBy = async (number: number) =>
    await vi.waitUntil(() => answers.filter((one) => one.version === number).length >= ANSWERS, MAY_BE_SLOW);
  try {
    await answeredBy(1);
    await front.replace(async () => {
      await version.stop();
      return await start({ LEASE_SECONDS: "2" });
    });
    await answeredBy(2);
  } finally {
    isUnderLoad = false;
    await Promise.all(load);
  }

  expect(answers.filter(({ isAllowed }) => !isAllowed)).toEqual([]);
  for (const by of [1, 2]) {
    const seen = new Set(answers.filter((one) => one.version === by).map(({ kind }) => kind));
    expect(seen.size).toBe(kinds.length);
  }
  const admitted = answers.filter(({ kind, status }) => kind === 4 && status === 200);
  expect(admitted.length).toBeLessThanOrEqual(LIMIT);
  // The last scrape of the new version is not below those of the old one.
  counts.push(await scrape());
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(await admin("GET", "/admin/session-policy")).toMatchObject(POLICY);
  expect(lines.filter((line) => line.includes('"degraded"'))).toEqual([]);
});
