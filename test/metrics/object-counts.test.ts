/** How the counts of an object's isolate get to somebody who reports them. */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { Counters } from "../../src/metrics/counters.ts";
import { MetricReports } from "../../src/metrics/metric-reports.ts";
import { takeCounts, withCounts } from "../../src/metrics/object-counts.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createConfig } from "../support/config.ts";
import { scrape } from "../support/scrape.ts";
import { setUpOrganization } from "../support/setup.ts";

const { at } = useClock();

function createState() {
  const metrics = new Counters();
  return { config: createConfig(), metrics, metricReports: new MetricReports(metrics) };
}

test("an isolate that never asks the Directory hands over its counts, once", () => {
  const state = createState();
  expect(withCounts({ a: 1 }, state)).toEqual({ a: 1 });
  state.metrics.degraded("kv_write");
  const answer = withCounts({ a: 1 }, state);
  expect(withCounts({ a: 1 }, state)).toEqual({ a: 1 });
  const reader = createState();
  takeCounts(answer, reader.metrics);
  takeCounts({}, reader.metrics);
  expect(reader.metrics.take()?.series).toEqual({ "degraded|kv_write": 1 });
});

test("an isolate that asked the Directory within two leases keeps its counts for its own report", () => {
  const state = createState();
  state.metricReports.next(NOW);
  state.metrics.degraded("kv_write");
  at(9.9);
  expect(withCounts({}, state)).toEqual({});
  at(10);
  expect(withCounts({}, state)).toHaveProperty("counted");
});

test("a write that KV refuses to an object is counted with the next read", async () => {
  const prototype = Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace;
  const { isolate, path, key } = await setUpOrganization();
  const degraded = async () => (await scrape(isolate))['postern_degraded_total{part="kv_write"}'] ?? 0;
  const before = await degraded();
  const put = vi.spyOn(prototype, "put").mockRejectedValueOnce(new Error("KV PUT failed: 429"));
  await isolate.call(path, { key });
  await vi.waitFor(() => expect(put).toHaveBeenCalled());
  at(200);
  await vi.waitFor(async () => {
    await isolate.call(path, { key });
    expect(await degraded()).toBe(before + 1);
  });
});
