/** Requests at a fixed rate, on a clock that the test moves: when they are sent, what is measured, and what is shown. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Clock, type OpenLoopOutcome, runOpenLoop, type Send } from "../../bench/open-loop.ts";
import { percentile, wellFoundedPercentile } from "../../bench/percentile.ts";
import { percentilePlotOf } from "../../bench/percentile-plot.ts";
import { tierLatencyOf, tierTableOf } from "../../bench/tier-latency.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "performance"] }));
afterEach(() => vi.useRealTimers());

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** `stepMs`: how long the generator is busy with something else between two looks at the clock. */
const createClock = (stepMs = 1): Clock => ({
  now: () => performance.now(),
  pause: async () => await wait(stepMs),
});

/** Every 5 ms, for 50 ms that are not measured and 400 ms that are. */
const SCHEDULE = { requestsPerSecond: 200, warmUpSeconds: 0.05, seconds: 0.4 };
const [WARM_UP, MEASURED] = [10, 80];

async function run(send: Send, clock = createClock()): Promise<OpenLoopOutcome> {
  const outcome = runOpenLoop(send, SCHEDULE, clock);
  // Otherwise a failure is unhandled until it is awaited.
  outcome.catch(() => {});
  await vi.advanceTimersByTimeAsync(60_000);
  return await outcome;
}

test("requests are sent when they are due, also while none is answered", async () => {
  const startedAt = performance.now();
  const sentAt: number[] = [];
  const { latencies, delays, backlogMs } = await run(async () => {
    sentAt.push(performance.now() - startedAt);
    await wait(10_000);
    return true;
  });
  expect(sentAt).toEqual(Array.from({ length: WARM_UP + MEASURED }, (_, index) => index * 5));
  expect(latencies).toEqual(Array.from({ length: MEASURED }, () => 10_000));
  expect(delays).toEqual(Array.from({ length: MEASURED }, () => 0));
  expect(backlogMs).toBeGreaterThanOrEqual(445);
});

test("a pause of the server counts for all requests that were due meanwhile", async () => {
  const pauseEndsAt = performance.now() + 300;
  const { latencies, backlogMs } = await run(async () => {
    const pauseMs = pauseEndsAt - performance.now();
    await wait(pauseMs > 0 && pauseMs <= 100 ? pauseMs : 1);
    return true;
  });
  // 20 requests were due from 200 to 295 ms after the start.
  const waited = latencies.filter((ms) => ms > 1);
  expect(waited.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 5));
  expect(latencies).toHaveLength(MEASURED);
  expect(backlogMs).toBeLessThan(5);
});

test("a generator that is late says so, counts it as latency, and leaves out no request", async () => {
  const { latencies, delays } = await run(async () => {
    await wait(1);
    return true;
  }, createClock(20));
  expect(delays).toHaveLength(MEASURED);
  expect(new Set(delays)).toEqual(new Set([0, 5, 10, 15]));
  expect(new Set(latencies)).toEqual(new Set([1, 6, 11, 16]));
});

test("answers of another tier have no latency, and are counted", async () => {
  let sent = 0;
  const { latencies, others } = await run(async () => {
    sent += 1;
    return sent % 4 > 0;
  });
  expect(latencies.length + others).toBe(MEASURED);
  expect(others).toBe(20);
});

test("a failure ends the run and is its reason", async () => {
  let sent = 0;
  const failing = run(async () => {
    sent += 1;
    await wait(1);
    throw new Error("status 503");
  });
  await expect(failing).rejects.toThrow("status 503");
  expect(sent).toBe(1);
});

const count = (length: number) => Array.from({ length }, (_, index) => length - index);

test("a percentile with fewer than ten values above it is null", () => {
  expect(percentile(count(10_000), 0.999)).toBe(9_991);
  expect(wellFoundedPercentile(count(10_000), 0.999)).toBe(9_991);
  expect(wellFoundedPercentile(count(9_999), 0.999)).toBeNull();
  expect(wellFoundedPercentile(count(9_999), 0.99)).toBe(9_900);
  for (const [enough, share] of [
    [20, 0.5],
    [200, 0.95],
    [1_000, 0.99],
  ] as const) {
    expect(wellFoundedPercentile(count(enough), share)).not.toBeNull();
    expect(wellFoundedPercentile(count(enough - 1), share)).toBeNull();
  }
  expect(wellFoundedPercentile([], 0.5)).toBeNull();
});

const WHAT = { tier: "a < b", answerer: "Postern", share: 0.5 } as const;
const OUTCOME = { latencies: count(1_000), delays: [1, 1, 1], others: 0, backlogMs: 1 };
const runOf = (fields: Partial<OpenLoopOutcome> = {}, requestsPerSecond = 1_234.5) => ({
  requestsPerSecond,
  outcome: { ...OUTCOME, ...fields },
});

test("the table has a dash for what is unknown, and marks a late generator and an overload", () => {
  const row = (fields?: Partial<OpenLoopOutcome>) =>
    tierTableOf([tierLatencyOf(WHAT, [runOf(fields)])]).split("\n")[2];
  expect(row()).toMatch(/\| 50 % +\| 1,235 +\| 1,000 +\| 501 +\| 951 +\| 991 +\| - +\| 1.00 +\|$/);
  expect(row({ delays: [120, 120, 120] })).toContain("| 50 % |");
  expect(row({ delays: [400, 400, 400] })).toContain("| 50 % * |");
  expect(row({ backlogMs: 200 })).toContain("| 50 % † |");
});

test("the runs at a load count as one, and an overload of one of them shows", () => {
  const both = tierLatencyOf(WHAT, [runOf({ backlogMs: 200 }, 100), runOf({ latencies: [2_000] }, 300)]);
  expect(both).toMatchObject({ requestsPerSecond: 200, samples: 1_001, isOverloaded: true });
  expect(both.latencies).toEqual([501, 951, 991, null]);
});

test("the plot has a mark for each known percentile, and its texts are escaped", () => {
  const row = tierLatencyOf(WHAT, [runOf()]);
  const plot = percentilePlotOf([row, { ...row, share: 0.9 }]);
  const drawn = plot.split("\n").filter((line) => line.startsWith("<g "));
  expect(drawn).toHaveLength(2);
  expect(drawn[0]?.match(/<circle|<rect/g)).toHaveLength(3);
  expect(plot.match(/a &lt; b/g)).toHaveLength(1);
  expect(plot).not.toMatch(/NaN|undefined|a < b/);
});
