import { expect, test, vi } from "vitest";
import { PendingUsage } from "../../src/keys/usage.ts";
import { OUTCOMES } from "../../src/metrics/outcome.ts";
import { BoundedMap } from "../../src/platform/bounded-map.ts";
import { NOW } from "../support/clock.ts";
import { hourCount } from "../support/usage.ts";

const HOUR_MS = 3_600_000;

/** A report is due as soon as there is a count. */
const createPending = () => new PendingUsage({ leaseSeconds: 0 });

test("a report is sent unchanged until it is acknowledged", () => {
  const pending = createPending();
  expect(pending.nextReport("a", NOW)).toBeNull();
  pending.count("a", NOW, true);
  const report = pending.nextReport("a", NOW);
  pending.count("a", NOW + HOUR_MS - 1, false);
  expect(pending.nextReport("a", NOW)).toBe(report);
  expect(report?.counts).toEqual([hourCount(NOW / HOUR_MS, { requests: 1 })]);
});

test("calls that are counted while a report is under way are in the next report", () => {
  const pending = createPending();
  pending.count("a", NOW, true);
  const first = pending.nextReport("a", NOW) ?? expect.fail("no report is due");
  pending.count("a", NOW + HOUR_MS - 1, false);
  pending.acknowledge("a", first, NOW);
  const second = pending.nextReport("a", NOW) ?? expect.fail("no report is due");
  expect(second.counts).toEqual([hourCount(NOW / HOUR_MS, { rate_limited: 1 })]);
  expect(second.id).not.toBe(first.id);
  // A second acknowledgement of the first report does not remove the second.
  pending.acknowledge("a", first, NOW);
  expect(pending.nextReport("a", NOW)).toBe(second);
  pending.acknowledge("a", second, NOW);
  expect(pending.size).toBe(0);
});

test("a report has a count for each hour, with admitted and refused calls apart", () => {
  const pending = createPending();
  for (const admitted of [true, true, false]) pending.count("a", NOW, admitted);
  pending.count("a", NOW + HOUR_MS, true);
  expect(pending.nextReport("a", NOW + HOUR_MS)?.counts).toEqual([
    hourCount(NOW / HOUR_MS, { requests: 2, rate_limited: 1 }),
    hourCount(NOW / HOUR_MS + 1, { requests: 1 }),
  ]);
});

test("each outcome is counted by its name, and a report does not change while more is counted", () => {
  const pending = createPending();
  pending.count("a", NOW, true);
  for (const outcome of OUTCOMES) pending.countOutcome("a", NOW, outcome);
  pending.countOutcome("a", NOW, "hit");
  const each = { hits: 2, stale: 1, misses: 1, denied: 1, not_found: 1, errors: 1 };
  const expected = [hourCount(NOW / HOUR_MS, { requests: 1, ...each })];
  const report = pending.nextReport("a", NOW) ?? expect.fail("no report is due");
  pending.countOutcome("a", NOW, "hit");
  pending.countOutcome("a", NOW + HOUR_MS, "error");
  expect(report.counts).toEqual(expected);
  pending.acknowledge("a", report, NOW);
  expect(pending.nextReport("a", NOW)?.counts).toEqual([
    hourCount(NOW / HOUR_MS, { hits: 1 }),
    hourCount(NOW / HOUR_MS + 1, { errors: 1 }),
  ]);
});

test.each(["rate_limited", "invalid", "other"] as const)(
  "the outcome %s alone leaves nothing to report",
  (outcome) => {
    const pending = createPending();
    pending.countOutcome("a", NOW, outcome);
    expect(pending.size).toBe(0);
  },
);

test("a report is due three quarters of a lease after its first call", () => {
  const pending = new PendingUsage({ leaseSeconds: 4 });
  pending.count("a", NOW, true);
  expect(pending.nextReport("a", NOW + 2_999)).toBeNull();
  expect(pending.nextReport("a", NOW + 3_000)).not.toBeNull();
});

test("the stalest key is returned after 1.6 leases, and once in that time", () => {
  const pending = new PendingUsage({ leaseSeconds: 10 });
  pending.count("a", NOW, true);
  pending.count("b", NOW + 1, true);
  expect(pending.stalestKey(NOW + 15_999)).toBeNull();
  expect(pending.stalestKey(NOW + 16_000)).toBe("a");
  expect(pending.stalestKey(NOW + 16_000)).toBeNull();
  expect(pending.stalestKey(NOW + 16_001)).toBe("b");
  expect(pending.stalestKey(NOW + 31_999)).toBeNull();
  expect(pending.stalestKey(NOW + 32_000)).toBe("a");
});

test("a report that the object only holds is sent along with the next one, until that is stored", () => {
  const pending = new PendingUsage({ leaseSeconds: 4 });
  const reportAt = (now: number, isStored: boolean) => {
    pending.count("a", now - 3_000, true);
    const report = pending.nextReport("a", now);
    if (report !== null) pending.acknowledge("a", report, now, isStored);
    return report;
  };
  const first = reportAt(NOW, false);
  // What is only held is not sent by itself.
  expect(pending.nextReport("a", NOW + 2_000)).toBeNull();
  const second = reportAt(NOW + 4_000, false);
  expect(second?.earlier).toEqual([first]);
  const third = reportAt(NOW + 8_000, true);
  expect(third?.earlier?.map(({ id }) => id)).toEqual([first?.id, second?.id]);
  expect(third?.mustStore).toBe(false);
  expect(pending.size).toBe(0);
});

test("what is held of a key without calls is sent once more, to be stored", () => {
  const pending = new PendingUsage({ leaseSeconds: 10 });
  pending.count("a", NOW, true);
  const held = pending.nextReport("a", NOW + 8_000);
  if (held !== null) pending.acknowledge("a", held, NOW + 8_000, false);
  expect(pending.stalestKey(NOW + 23_999)).toBeNull();
  expect(pending.stalestKey(NOW + 24_000)).toBe("a");
  const last = pending.nextReport("a", NOW + 24_000);
  expect(last).toMatchObject({ counts: [], earlier: [held], mustStore: true });
  if (last !== null) pending.acknowledge("a", last, NOW + 24_000, true);
  expect(pending.size).toBe(0);
});

test("an isolate does not keep more than ten reports that are not stored", () => {
  const pending = new PendingUsage({ leaseSeconds: 4 });
  const stored = Array.from({ length: 11 }, (_, index) => {
    const now = NOW + index * 4_000;
    pending.count("a", now - 3_000, true);
    const report = pending.nextReport("a", now);
    if (report !== null) pending.acknowledge("a", report, now, report.mustStore === true);
    return report?.mustStore === true;
  });
  expect(stored.indexOf(true)).toBe(10);
  expect(pending.size).toBe(0);
});

test("an isolate counts the calls of 5,000 keys, and drops the oldest first", () => {
  const pending = createPending();
  for (let i = 0; i < 6_000; i += 1) pending.count(String(i), NOW, true);
  expect(pending.size).toBe(5_000);
  expect(pending.nextReport("999", NOW)).toBeNull();
  expect(pending.nextReport("1000", NOW)?.counts).toHaveLength(1);
  expect(pending.nextReport("5999", NOW)?.counts).toHaveLength(1);
});

test("a hit looks through the counted keys only when one of them may be stale", () => {
  const looks = vi.spyOn(BoundedMap.prototype, Symbol.iterator);
  const pending = new PendingUsage({ leaseSeconds: 10 });
  expect(pending.stalestKey(NOW)).toBeNull();
  for (let ms = 1; ms < 16_000; ms += 13) {
    pending.count(`key ${ms % 100}`, NOW + ms, true);
    expect(pending.stalestKey(NOW + ms)).toBeNull();
  }
  expect(looks).toHaveBeenCalledTimes(1);
  // The second look finds when the first key will be stale.
  expect(pending.stalestKey(NOW + 16_000)).toBeNull();
  expect(pending.stalestKey(NOW + 16_001)).toBe("key 1");
  expect(looks).toHaveBeenCalledTimes(3);
});

test("a key becomes stale in its time although the clock was set back after a look", () => {
  const pending = new PendingUsage({ leaseSeconds: 10 });
  expect(pending.stalestKey(NOW + 60_000)).toBeNull();
  pending.count("a", NOW, true);
  expect(pending.stalestKey(NOW + 15_999)).toBeNull();
  expect(pending.stalestKey(NOW + 16_000)).toBe("a");
});
