/** The Directory stores the sum behind its answer, whatever a test has made of timers. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Counters } from "../../src/metrics/counters.ts";
import { MetricReports } from "../../src/metrics/metric-reports.ts";
import { useIdleObjects } from "../support/settle.ts";

useIdleObjects();

// Files share a runtime, and an object that waits for a timer that stands still would hold up every later eviction.
const wait = scheduler.wait.bind(scheduler);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  vi.spyOn(scheduler, "wait").mockImplementation(async () => await new Promise(() => {}));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("the sum is stored behind the answer, and does not hold up an eviction", async () => {
  const directory = env.DIRECTORY.getByName(`metrics-${crypto.randomUUID()}`);
  const counters = new Counters();
  counters.purge("admin");
  const report = new MetricReports(counters).next(Date.now());
  const { metrics } = await directory.updatesSince(0, env.STYTCH_PROJECT_ID, null, report);
  expect(metrics).toMatchObject({ stored: 0 });
  const rows = async () =>
    await runInDurableObject(directory, (_, { storage }) =>
      storage.sql.exec("SELECT slot FROM metrics").toArray(),
    );
  await wait(50);
  expect(await rows()).toHaveLength(1);
  await evictDurableObject(directory);
  expect(await rows()).toHaveLength(1);
});
