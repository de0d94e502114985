/**
 * `npm run pictures`: takes the pictures in docs/images/ anew. A day of traffic is behind them, which a clock that is
 * moved makes possible.
 */
import { afterAll, beforeAll, test } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { createRandom, type Random } from "../../sandbox/random.ts";
import { organizations } from "../../sandbox/seed.ts";
import { CLOCK_WORKER, setClock } from "../e2e/postern.ts";
import { organizationPath } from "../support/paths.ts";
import { createRecord, openConsole } from "./console.ts";

const FOLDER = "docs/images";
const HOUR_MS = 3_600_000;
const SEED = 20_261_129;
/** How busy each hour of the day is, the current one last. */
const DAY = [4, 3, 2, 2, 2, 3, 5, 9, 14, 18, 20, 21, 19, 18, 20, 22, 21, 19, 15, 12, 10, 9, 7, 6];

const CALLERS = [
  { name: "Storefront", share: 6, rate_limit: { limit: 3_000, period_seconds: 60 } },
  { name: "Mobile app", share: 4, rate_limit: { limit: 1_200, period_seconds: 60 } },
  { name: "Acme partner", share: 2, rate_limit: { limit: 600, period_seconds: 60 } },
  { name: "Nightly CRM export", share: 2, rate_limit: { limit: 20, period_seconds: 3_600 } },
];

let postern: SandboxedPostern;
let exportId: string;
beforeAll(async () => {
  // What was read in the hour before is stale, and what was not is gone.
  const vars = { CACHE_FRESH_SECONDS: "60", CACHE_STALE_SECONDS: "3600" };
  postern = await startSandboxedPostern(
    { LEASE_SECONDS: "1", ...vars },
    { wrapper: CLOCK_WORKER, hasAssets: true },
  );
  exportId = await driveDay();
}, 240_000);
afterAll(async () => await postern.stop());

/** Returns the ID of the key that is refused most. */
async function driveDay(): Promise<string> {
  const random = createRandom(SEED);
  await setClock(postern.url, -(DAY.length - 1) * HOUR_MS);
  const keys: { key: string; key_id: string; share: number }[] = [];
  for (const { share, ...fields } of CALLERS) keys.push({ ...(await createRecord(postern, fields)), share });
  await postern.control("PUT", "latency", { ms: 25 });
  for (const [index, busy] of DAY.entries()) {
    await setClock(postern.url, (index - DAY.length + 1) * HOUR_MS);
    await Promise.all(keys.map(async ({ key, share }) => await callInHour(key, (busy * share) / 2, random)));
    if (index === 14) await postern.admin("POST", "/admin/cache/purge", { organization_id: popularSlug(0) });
    // The last reports of the hour, with its next calls.
    await setClock(postern.url, (index - DAY.length + 1) * HOUR_MS + 60_000);
    for (const { key } of keys) await read("/whoami", key);
  }
  await setClock(postern.url, 0);
  for (const { key } of keys) await read("/whoami", key);
  return keys.at(-1)?.key_id ?? "";
}

/** Each call is repeated: the cache answers the second. */
async function callInHour(key: string, calls: number, random: Random): Promise<void> {
  for (let call = 0; call < calls; call += 1) {
    const slug = random.chance(0.03) ? "globex" : popularSlug(random.fraction());
    for (let again = 0; again < 3; again += 1) await read(organizationPath(slug), key);
  }
  await read("/whoami", key);
}

const popularSlug = (fraction: number) =>
  String(organizations[Math.floor(fraction ** 2 * 60)]?.organization_slug);

async function read(path: string, key: string): Promise<void> {
  const response = await fetch(postern.url + path, { headers: { Authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
}

const OPTIONS = { viewport: { width: 1_160, height: 720 } };

test("pictures of the overview and of a key are taken", async () => {
  const { page } = await openConsole(postern, "overview", OPTIONS);
  await page.getByRole("table", { name: /^The busiest keys/ }).waitFor();
  await page.screenshot({ path: `${FOLDER}/console-overview.png` });
  await page.goto(`/console/#keys/${exportId}`);
  await page.getByRole("img", { name: /^Calls by outcome/ }).waitFor();
  await page.screenshot({ path: `${FOLDER}/console-key.png` });
});
