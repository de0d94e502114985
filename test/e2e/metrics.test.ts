/** The metrics over a socket: they are what was driven, and Prometheus can read them. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ADMIN_TOKEN, SECRETS } from "../../dev/credentials.ts";
import { increase, parseSamples, type Samples } from "../support/metrics.ts";
import { driveMix, MIX_COUNTS, MIX_OVERVIEW, WAIT } from "./metrics-mix.ts";
import { type ClockedPostern, startClockedPostern } from "./postern.ts";
import { lintMetrics } from "./promtool.ts";

let postern: ClockedPostern;
beforeAll(async () => {
  postern = await startClockedPostern({
    CACHE_FRESH_SECONDS: "2",
    CACHE_STALE_SECONDS: "600",
    CACHE_NEGATIVE_SECONDS: "60",
    METRICS_PER_KEY: "true",
  });
});
afterAll(async () => await postern.stop());

async function scrape(accept = "text/plain"): Promise<string> {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, Accept: accept };
  return await (await fetch(`${postern.url}/metrics`, { headers })).text();
}

/** What is not driven by the mix: the scrapes themselves, the creation of keys, and their leases. */
const NOT_DRIVEN = /route="\/(?:metrics|admin\/keys)"|^postern_(?:keys|key_lease|key_requests)/;

const driven = (before: Samples, after: Samples) =>
  Object.fromEntries(Object.entries(increase(before, after)).filter(([name]) => !NOT_DRIVEN.test(name)));

test("the metrics of a mix of requests of every kind equal what was driven", async () => {
  const before = parseSamples(await scrape());
  await driveMix(postern, async () => increase(before, parseSamples(await scrape())));
  await vi.waitFor(
    async () => expect(driven(before, parseSamples(await scrape()))).toEqual(MIX_COUNTS),
    WAIT,
  );
  const text = await scrape();
  // Figures that are no longer driven stand still.
  expect(driven(before, parseSamples(text))).toEqual(MIX_COUNTS);
  const byOutcome = Object.entries(parseSamples(text)).flatMap(([name, value]) => {
    const outcome = /^postern_key_requests_total\{.*outcome="(\w+)"/.exec(name)?.[1];
    return outcome === undefined ? [] : [[outcome, value] as const];
  });
  // Two keys: one without a limit, and one with.
  expect(byOutcome.sort()).toEqual([
    ["denied", 1],
    ["error", 1],
    ["hit", 3],
    ["hit", 3],
    ["miss", 3],
    ["not_found", 3],
    ["rate_limited", 2],
    ["stale", 2],
  ]);
});

test("the overview of the same mix equals what was driven", async () => {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await fetch(`${postern.url}/admin/overview?hours=720`, { headers });
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject(MIX_OVERVIEW);
  expect(text).not.toMatch(/(?:organization|member|project)-(?:test|live)-|pst_/);
});

test("Prometheus's own linter finds nothing in the metrics, and they hold no identifier or secret", async () => {
  const [plain, open] = [await scrape(), await scrape("application/openmetrics-text; version=1.0.0")];
  expect(lintMetrics(plain)).toBe("");
  expect(open.endsWith("\n# EOF\n")).toBe(true);
  for (const text of [plain, open]) {
    expect(text).not.toMatch(/(?:organization|member|project)-(?:test|live)-|@|pst_/);
    for (const secret of SECRETS) expect(text.includes(secret)).toBe(false);
  }
});
