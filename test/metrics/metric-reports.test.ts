/** How counts reach the sum once. Worlds with faults of all kinds: test/simulation/counting.test.ts. */
import { beforeEach, expect, test } from "vitest";
import { Counters } from "../../src/metrics/counters.ts";
import { MetricReports } from "../../src/metrics/metric-reports.ts";
import { MetricSum } from "../../src/metrics/metric-sum.ts";

const MINUTE = 60_000;

let counters: Counters;
let reports: MetricReports;
let sum: MetricSum;
beforeEach(() => {
  counters = new Counters();
  reports = new MetricReports(counters);
  sum = new MetricSum(null, "first", 0);
});

/** One call of the Directory, whose answer arrives. */
function sync(now: number): void {
  const message = reports.next(now);
  if (message !== null) reports.acknowledge(message, sum.take(message, now));
}
/** The Directory stores the sum. */
function store(now: number) {
  const stored = sum.toStored(now);
  sum.markStored();
  return stored;
}
const purges = () => sum.series["purges|admin"] ?? 0;

test("an isolate that has counted nothing sends nothing", () => {
  expect(reports.next(0)).toBeNull();
});

test("a report whose answer was lost is sent again, unchanged, and counted once", () => {
  counters.purge("admin");
  const lost = reports.next(0);
  if (lost === null) throw new Error("no message");
  sum.take(lost, 0);
  counters.purge("admin");
  const again = reports.next(1_000);
  expect(again).toMatchObject({ isolateId: lost.isolateId, reports: lost.reports });
  sync(2_000);
  sync(3_000);
  expect(purges()).toBe(2);
});

test("a report is kept until it is stored, and sent again to a Directory that has restarted", () => {
  counters.purge("admin");
  sync(0);
  expect(reports.next(1_000)?.reports).toEqual([]);
  sum = new MetricSum(null, "second", 2_000);
  // The first call tells of the restart, the second brings what was lost.
  sync(3_000);
  expect(purges()).toBe(0);
  sync(4_000);
  expect(purges()).toBe(1);
  store(5_000);
  sync(6_000);
  expect(reports.next(7_000)).toBeNull();
});

test("a Directory that restarts after it has stored a report does not count it again", () => {
  counters.purge("admin");
  sync(0);
  sum = new MetricSum(store(1_000), "second", 2_000);
  counters.purge("admin");
  sync(3_000);
  sync(4_000);
  expect(purges()).toBe(2);
});

test("an isolate that comes back after hours loses nothing that it has never sent", () => {
  counters.purge("admin");
  sync(0);
  store(1_000);
  sync(2_000);
  counters.purge("admin");
  // Others report meanwhile, and the Directory forgets this isolate.
  const stored = store(120 * MINUTE);
  expect(stored.isolates).toEqual([]);
  sum = new MetricSum(stored, "second", 120 * MINUTE);
  sync(121 * MINUTE);
  sync(122 * MINUTE);
  expect(purges()).toBe(2);
});

test("a report that nobody confirmed for half an hour is given up, and nothing is counted twice", () => {
  counters.purge("admin");
  const lost = reports.next(0);
  if (lost === null) throw new Error("no message");
  sum.take(lost, 0);
  expect(reports.next(29 * MINUTE)?.reports).toHaveLength(1);
  counters.purge("webhook");
  // The Directory forgets an isolate after an hour.
  sum = new MetricSum(store(61 * MINUTE), "second", 61 * MINUTE);
  sync(62 * MINUTE);
  sync(63 * MINUTE);
  expect([purges(), sum.series["purges|webhook"]]).toEqual([1, 1]);
});

test("answers that arrive out of order, or to an earlier ID, change nothing", () => {
  counters.purge("admin");
  const first = reports.next(0);
  if (first === null) throw new Error("no message");
  const early = sum.take(first, 0);
  sync(1_000);
  store(2_000);
  sync(3_000);
  reports.acknowledge(first, early);
  reports.acknowledge({ ...first, isolateId: "another" }, { incarnation: "x", taken: 9, stored: 9 });
  reports.acknowledge(first, null);
  counters.purge("admin");
  expect(reports.next(4_000)?.storedBefore).toBe(1);
  sync(4_000);
  expect(purges()).toBe(2);
});

test("a late answer to an isolate's earlier ID drops no report of its present one", () => {
  counters.purge("admin");
  const late = reports.next(0);
  if (late === null) throw new Error("no message");
  sum.take(late, 0);
  store(1_000);
  const receipt = sum.take({ ...late, reports: [] }, 2_000);
  counters.purge("webhook");
  const renamed = reports.next(31 * MINUTE);
  expect(renamed?.isolateId).not.toBe(late.isolateId);
  reports.acknowledge(late, receipt);
  sync(32 * MINUTE);
  expect([purges(), sum.series["purges|webhook"]]).toEqual([1, 1]);
});

test("a report that a Directory may have counted before it forgot the isolate is not sent again", () => {
  counters.purge("admin");
  sync(0);
  store(1_000);
  sync(2_000);
  counters.purge("admin");
  const lost = reports.next(3_000);
  if (lost === null) throw new Error("no message");
  sum.take(lost, 3_000);
  const stored = store(4_000);
  sum = new MetricSum({ ...stored, isolates: [] }, "second", 5_000);
  for (const now of [6_000, 7_000, 8_000]) sync(now);
  expect(purges()).toBe(2);
});

test("while reports cannot be stored, counts wait in memory and the number of reports is bounded", () => {
  for (let i = 0; i < 1_000; i += 1) {
    counters.purge("admin");
    sync(i);
  }
  expect(purges()).toBe(300);
  store(1_000);
  sync(1_001);
  sync(1_002);
  expect(purges()).toBe(1_000);
});

test("the sum keeps the 5,000 keys that were used last", () => {
  for (let i = 0; i < 5_001; i += 1) {
    counters.keyRequest(`key${i}`, "hit");
    if (i === 4_999) {
      sync(1);
      counters.keyRequest("key0", "miss");
    }
  }
  sync(2);
  const { keys } = sum;
  expect(keys).toHaveLength(5_000);
  expect(keys.at(-2)).toEqual({ keyId: "key0", lastUsedAt: 2, outcomes: { hit: 1, miss: 1 } });
  expect(keys.some(({ keyId }) => keyId === "key1")).toBe(false);
});
