/** The sum in the Directory's storage: what outlives a restart, and the counts of hours. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, type Mock, test, vi } from "vitest";
import { Counters, type Counts } from "../../src/metrics/counters.ts";
import { MetricReports } from "../../src/metrics/metric-reports.ts";
import { MetricStore } from "../../src/metrics/metric-store.ts";
import { logLines } from "../support/egress.ts";

const HOUR_MS = 3_600_000;
/** A whole hour. */
const NOW = 1_800_000_000_000 - (1_800_000_000_000 % HOUR_MS);
const HOUR = NOW / HOUR_MS;

type Report = (now: number, purges: number) => void;

/** Runs in an object of its own, with nothing stored. `report` makes an isolate report so many purges. */
async function withStorage(
  run: (storage: DurableObjectStorage, reportTo: (store: MetricStore) => Report) => void,
) {
  const object = env.DIRECTORY.getByName(`metrics-${crypto.randomUUID()}`);
  await runInDurableObject(object, (_, { storage }) => {
    run(storage, (store) => {
      const counters = new Counters();
      const reports = new MetricReports(counters);
      return (now, purges) => {
        for (let i = 0; i < purges; i += 1) counters.purge("admin");
        counters.keyRequest("key", "hit");
        const message = reports.next(now);
        if (message !== null) reports.acknowledge(message, store.take(message, now));
      };
    });
  });
}
const purges = ({ series }: Pick<Counts, "series">) => series["purges|admin"] ?? 0;
const rowsReadBy = ({ mock }: Mock<SqlStorage["exec"]>) =>
  mock.results.reduce((sum, { value }) => sum + (value as SqlStorageCursor<never>).rowsRead, 0);
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
