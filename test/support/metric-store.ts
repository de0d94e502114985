/** The sum of all counts in a storage of its own, and isolates that report to it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Counters, type Counts } from "../../src/metrics/counters.ts";
import { MetricReports } from "../../src/metrics/metric-reports.ts";
import type { MetricStore } from "../../src/metrics/metric-store.ts";

export const HOUR_MS = 3_600_000;
/** A whole hour. */
export const NOW = 1_800_000_000_000 - (1_800_000_000_000 % HOUR_MS);
export const HOUR = NOW / HOUR_MS;

export type Report = (now: number, purges: number) => void;

/** Runs in an object of its own, with nothing stored. `report` makes an isolate report so many purges. */
export async function withStorage(
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

export const purges = ({ series }: Pick<Counts, "series">) => series["purges|admin"] ?? 0;
