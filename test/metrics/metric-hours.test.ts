/** The counts of hours: each belongs to the hour in which it came, for 30 days, also before and after a pause. */
import { expect, type Mock, test, vi } from "vitest";
import { MetricStore } from "../../src/metrics/metric-store.ts";
import { logLines } from "../support/egress.ts";
import { HOUR, HOUR_MS, NOW, purges, type Report, withStorage } from "../support/metric-store.ts";

const rowsReadBy = ({ mock }: Mock<SqlStorage["exec"]>) =>
  mock.results.reduce((sum, { value }) => sum + (value as SqlStorageCursor<never>).rowsRead, 0);
const rows = ({ sql }: DurableObjectStorage) => sql.exec("SELECT hour FROM metrics").toArray().length;

const MINUTE_MS = 60_000;

/** Reports within a minute, of which only the first is stored at once, then silence. */
function runNightlyJob(store: MetricStore, report: Report) {
  for (const [seconds, count] of [
    [0, 1],
    [20, 2],
    [50, 4],
  ] as const) {
    report(NOW + seconds * 1_000, count);
    if (store.isWriteDue(NOW + seconds * 1_000)) store.write(NOW + seconds * 1_000);
  }
}

const countsByHour = (store: MetricStore, now: number) => {
  const { before, sums } = store.period(24, now);
  let counted = purges(before);
  return sums.map(({ hour, series }) => {
    const increase = purges({ series }) - counted;
    counted += increase;
    return [hour - HOUR, increase];
  });
};

test("what came within a minute counts for its own hour when an overview is read hours later", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    runNightlyJob(store, reportTo(store));
    const expected = [
      [0, 7],
      [7, 0],
    ];
    expect(countsByHour(store, NOW + 7 * HOUR_MS)).toEqual(expected);
    expect(countsByHour(new MetricStore(storage), NOW + 7 * HOUR_MS)).toEqual(expected);
  });
});

test("what came within a minute counts for its own hour when traffic goes on hours later", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    runNightlyJob(store, report);
    report(NOW + 7 * HOUR_MS, 8);
    store.write(NOW + 7 * HOUR_MS);
    expect(countsByHour(store, NOW + 7 * HOUR_MS + MINUTE_MS)).toEqual([
      [0, 7],
      [7, 8],
    ]);
  });
});

test("a write of an earlier hour that fails costs no report, and a log line", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    report(NOW, 1);
    store.write(NOW);
    report(NOW + 20_000, 2);
    storage.sql.exec("ALTER TABLE metrics RENAME TO unreachable");
    report(NOW + HOUR_MS, 4);
    expect(logLines()).toMatchObject([{ degraded: ["directory"], defect: expect.stringMatching(/^Error /) }]);
    storage.sql.exec("ALTER TABLE unreachable RENAME TO metrics");
    expect(countsByHour(store, NOW + HOUR_MS)).toEqual([
      [0, 1],
      [1, 6],
    ]);
  });
});

test("a write that comes after the end of an hour stores what was taken in for that hour", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    reportTo(store)(NOW - 1, 1);
    store.write(NOW);
    expect(countsByHour(store, NOW)).toEqual([
      [-1, 1],
      [0, 0],
    ]);
  });
});

test("hours are kept for 30 days, and later ones take their place", async () => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    for (let hour = 0; hour < 800; hour += 1) {
      report(NOW + hour * HOUR_MS, 1);
      store.write(NOW + hour * HOUR_MS);
    }
    // With the last one that had to make room.
    expect(rows(storage)).toBe(722);
    const exec = vi.spyOn(storage.sql, "exec");
    for (const hours of [720, 24]) {
      exec.mockClear();
      const { before, sums } = store.period(hours, NOW + 799 * HOUR_MS);
      expect(sums).toHaveLength(hours);
      expect(purges(sums.at(-1) ?? { series: {} }) - purges(before)).toBe(hours);
      // The current hour is in memory, and the sum before the first one is read in its place.
      expect(rowsReadBy(exec)).toBe(hours);
    }
    exec.mockRestore();
  });
});

const day = (from: number) => Array.from({ length: 24 }, (_, index) => from + index);

test.each([
  ["of 29 days", day(721)],
  ["after which the first hours take the place of the last ones before", day(744)],
  ["of two months", day(1_446)],
  ["and another, whose end takes the place of an older hour", [744, 1_442]],
])("after a pause %s, nothing from before it is counted again", async (_, hours) => {
  await withStorage((storage, reportTo) => {
    const store = new MetricStore(storage);
    const report = reportTo(store);
    const count = (hour: number, counted: number) => {
      report(NOW + hour * HOUR_MS, counted);
      store.write(NOW + hour * HOUR_MS);
    };
    for (const hour of day(0)) count(hour, 100);
    for (const hour of hours) count(hour, 1);
    const { before, sums } = new MetricStore(storage).period(720, NOW + (hours.at(-1) ?? 0) * HOUR_MS);
    expect(purges(before)).toBe(2_400);
    expect(sums.map(({ hour, series }) => [hour - HOUR, purges({ series })])).toEqual(
      hours.map((hour, index) => [hour, 2_401 + index]),
    );
  });
});
