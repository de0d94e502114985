/**
 * `npm run pictures`: takes the pictures in docs/images/ anew. A day of traffic is behind them, which a clock that is
 * moved makes possible.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { createRandom, type Random } from "../../sandbox/random.ts";
import { organizations } from "../../sandbox/seed.ts";
import { CLOCK_WORKER, setClock } from "../e2e/postern.ts";
import { organizationPath } from "../support/paths.ts";
import { createRecord, openConsole } from "./console.ts";

const FOLDER = "docs/images";
const HOUR_MS = 3_600_000;
const SEED = 20_261_129;
/** How busy each hour of the day is, from midnight on. The current one is the last. */
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
    await waitUntilCounted();
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

/** Counts belong to the hour in which they arrive, so the clock may not move on before they have. */
async function waitUntilCounted(): Promise<void> {
  const isCounted = async () => {
    const overview = await (await postern.admin("GET", "/admin/overview?hours=24")).json();
    expect(overview).toMatchObject({ totals: { requests: readCount } });
  };
  await vi.waitFor(isCounted, { timeout: 10_000, interval: 50 });
}

const popularSlug = (fraction: number) =>
  String(organizations[Math.floor(fraction ** 2 * 60)]?.organization_slug);

let readCount = 0;
async function read(path: string, key: string): Promise<void> {
  readCount += 1;
  const response = await fetch(postern.url + path, { headers: { Authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
}

const WIDTH = 1_160;
/** What is left free below the plot's panel: half of the gap between panels. */
const MARGIN = 10;

test("pictures of the overview and of a key are taken", async () => {
  const options = { viewport: { width: WIDTH, height: 900 }, timezoneId: zoneBeforeMidnight(new Date()) };
  const { page } = await openConsole(postern, "overview", options);
  await page.getByRole("table", { name: /^The busiest keys/ }).waitFor();
  await takePicture(page, "console-overview");
  await page.goto(`/console/#keys/${exportId}`);
  await page.getByRole("img", { name: /^Calls by outcome/ }).waitFor();
  await takePicture(page, "console-key");
});

/** The time zone in which it is the last hour of the day, so that the plots show a day from midnight to midnight. */
function zoneBeforeMidnight(now: Date): string {
  const ahead = DAY.length - 1 - now.getUTCHours();
  const offset = ahead > 14 ? ahead - 24 : ahead;
  // The names of these zones have the sign of POSIX: Etc/GMT-2 is two hours ahead of UTC.
  return offset < 0 ? `Etc/GMT+${-offset}` : `Etc/GMT-${offset}`;
}

/** The page down to the end of the panel with the plot, so that nothing is cut through. */
async function takePicture(page: Page, name: string): Promise<void> {
  const panel = await page
    .locator("section.panel")
    .filter({ has: page.getByRole("img") })
    .boundingBox();
  if (panel === null) throw new Error("The panel with the plot is not visible.");
  const clip = { x: 0, y: 0, width: WIDTH, height: panel.y + panel.height + MARGIN };
  await page.screenshot({ path: `${FOLDER}/${name}.png`, clip });
}
