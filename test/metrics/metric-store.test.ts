/** The sum in the Directory's storage: what outlives a restart, and the row of an hour. */
import { expect, test } from "vitest";
import { MetricStore } from "../../src/metrics/metric-store.ts";
import { HOUR, HOUR_MS, NOW, purges, withStorage } from "../support/metric-store.ts";

const rows = ({ sql }: DurableObjectStorage) => sql.exec("SELECT hour FROM metrics").toArray().length;

test("a report is stored at once if the last write was a minute ago, and by a scrape", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    report(NOW, 1);
    expect(store.isWriteDue(NOW)).toBe(true);
    store.write(NOW);
    report(NOW + 59_999, 1);
    expect([store.isWriteDue(NOW + 59_999), store.isWriteDue(NOW + 60_000)]).toEqual([false, true]);
    // What is not stored is lost with a restart.
    expect(purges(new MetricStore(storage).readStored(NOW))).toBe(1);
    expect(purges(store.readStored(NOW + 59_999))).toBe(2);
    expect(purges(new MetricStore(storage).readStored(NOW))).toBe(2);
    expect(store.isWriteDue(NOW + HOUR_MS)).toBe(false);
  });
});

test("the minute between two writes outlives a restart", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    reportTo(store)(NOW, 1);
    store.write(NOW);
    const restarted = new MetricStore(storage);
    reportTo(restarted)(NOW + 10_000, 1);
    expect([restarted.isWriteDue(NOW + 10_000), restarted.isWriteDue(NOW + 60_000)]).toEqual([false, true]);
    // A clock that was set back says nothing of when the last write was.
    expect(restarted.isWriteDue(NOW - 1)).toBe(true);
  });
});

test("the sum, its keys and the beginning of counting outlive a restart", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    reportTo(store)(NOW, 3);
    const before = store.readStored(NOW + 5);
    expect(before).toEqual({
      createdAt: NOW,
      series: { "purges|admin": 3 },
      keys: [{ keyId: "key", lastUsedAt: NOW, outcomes: { hit: 1 } }],
    });
    expect(new MetricStore(storage).readStored(NOW + HOUR_MS)).toEqual(before);
  });
});

test("an hour has one row, and what was counted in it is the difference to the row before", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    for (const [hours, count] of [
      [0, 1],
      [0.5, 2],
      [1, 4],
      [3, 8],
    ] as const) {
      report(NOW + hours * HOUR_MS, count);
      store.write(NOW + hours * HOUR_MS);
    }
    expect(rows(storage)).toBe(3);
    const at = NOW + 3.2 * HOUR_MS;
    report(at, 16);
    const period = (hours: number, now = at) => {
      const { before, sums } = store.period(hours, now);
      const hits = before.keys.map(({ outcomes }) => outcomes.hit);
      const counted = sums.map(({ hour, series }) => [hour - HOUR, purges({ series })]);
      return { before: [purges(before), ...hits], sums: counted };
    };
    // The current hour has what is not stored yet.
    expect(period(24)).toEqual({
      before: [0],
      sums: [
        [0, 3],
        [1, 7],
        [3, 31],
      ],
    });
    expect(period(3)).toEqual({
      before: [3, 2],
      sums: [
        [1, 7],
        [3, 31],
      ],
    });
    expect(period(2)).toEqual({ before: [7, 3], sums: [[3, 31]] });
    expect(period(1, NOW + 5 * HOUR_MS)).toEqual({ before: [31, 5], sums: [[5, 31]] });
    // After more than 30 days without traffic, nothing was counted in any of them.
    expect(period(720, NOW + 5_000 * HOUR_MS)).toEqual({
      before: [31, 5],
      sums: [[5_000, 31]],
    });
  });
});

test("a clock that was set back by hours makes no older row the latest", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    report(NOW + 5 * HOUR_MS, 1);
    store.write(NOW + 5 * HOUR_MS);
    report(NOW, 1);
    store.write(NOW);
    expect(purges(new MetricStore(storage).readStored(NOW))).toBe(2);
    expect(rows(storage)).toBe(1);
  });
});
