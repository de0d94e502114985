/**
 * Counting on a virtual clock: isolates and the Directory run the product's own counters, reports and store. The rest is
 * made up: when requests come, how long messages take, which are lost or come twice, and who restarts or ends when.
 */
import { Counters } from "../../src/metrics/counters.ts";
import { MetricReports, type SentMessage } from "../../src/metrics/metric-reports.ts";
import { MetricStore } from "../../src/metrics/metric-store.ts";
import { createAgenda } from "./agenda.ts";
import { createUniform } from "./load.ts";
import { createNodeSql } from "./node-sql.ts";
import { between } from "./world.ts";

export interface CountingSetting {
  readonly seed: number;
  readonly isolates: number;
  readonly minutes: number;
  /** How often an isolate syncs, in ms. */
  readonly syncMs: number;
  /** The mean time between two requests of an isolate, in ms. */
  readonly requestMs: number;
  /** The share of messages, questions and answers alike, that never arrive. */
  readonly lost: number;
  /** The share of questions that the Directory handles twice. */
  readonly twice: number;
  /** How often a minute the Directory restarts, and an isolate ends. */
  readonly restartsPerMinute: number;
  readonly endsPerMinute: number;
  readonly scrapesPerMinute: number;
}

/** What one isolate has counted. */
export interface CountedIsolate {
  readonly name: string;
  /** All its requests. */
  readonly counted: number;
  /** How many of them it knew to be stored. */
  readonly settled: number;
  /** How many of them the Directory has in the end. */
  readonly summed: number;
  readonly hasEnded: boolean;
}

export interface CountingOutcome {
  readonly isolates: readonly CountedIsolate[];
  /** The sum of all requests in each scrape, in order, and all that had been counted by then. */
  readonly scrapes: readonly { readonly summed: number; readonly counted: number }[];
  readonly restarts: number;
  readonly rowsWritten: number;
}

class SimulatedCounter {
  readonly name: string;
  readonly counters: Counters;
  readonly reports: MetricReports;
  counted = 0;
  settled = 0;
  hasEnded = false;
  /** What was counted when each report was made, by isolate ID and number. */
  readonly #countedAt = new Map<string, number>();

  constructor(name: string, now: () => number) {
    this.name = name;
    this.counters = new Counters(now);
    this.reports = new MetricReports(this.counters);
  }

  count(): void {
    this.counted += 1;
    this.counters.request("/v1/:id", 200, null);
    // A series of its own, to tell afterwards what was counted of it.
    this.counters.keyRequest(this.name, "hit");
  }

  next(now: number): SentMessage | null {
    const message = this.reports.next(now);
    for (const { sequence } of message?.reports ?? []) {
      const name = `${message?.isolateId}:${sequence}`;
      if (!this.#countedAt.has(name)) this.#countedAt.set(name, this.counted);
    }
    return message;
  }

  acknowledge(message: SentMessage, receipt: ReturnType<MetricStore["take"]>): void {
    this.reports.acknowledge(message, receipt);
    const settled = this.#countedAt.get(`${message.isolateId}:${receipt?.stored}`) ?? 0;
    this.settled = Math.max(this.settled, settled);
  }
}

const STARTED_AT = 1_800_000_000_000;

export function simulateCounting(setting: CountingSetting): CountingOutcome {
  const random = createUniform(setting.seed);
  const agenda = createAgenda();
  const now = () => STARTED_AT + agenda.now();
  const endsAt = setting.minutes * 60_000;
  const { storage, rowsWritten } = createNodeSql();
  const all: SimulatedCounter[] = [];
  const scrapes: { summed: number; counted: number }[] = [];
  let store = new MetricStore(storage);
  let restarts = 0;
  let isFaulty = true;

  const arrives = () => !isFaulty || random() >= setting.lost;
  const sent = (happen: () => void) => {
    if (arrives()) agenda.after(between(random, 5, 300), happen);
  };
  /** Happens by chance so often a minute, until the end. */
  const often = (perMinute: number, happen: () => void) => {
    if (perMinute === 0) return;
    const next = () =>
      agenda.after(1 + Math.floor((-Math.log(1 - random()) * 60_000) / perMinute), () => {
        if (agenda.now() >= endsAt) return;
        happen();
        next();
      });
    next();
  };

  function sync(isolate: SimulatedCounter): void {
    const message = isolate.next(now());
    if (message === null) return;
    sent(() => {
      if (isFaulty && random() < setting.twice) store.take(message, now());
      const receipt = store.take(message, now());
      const taker = store;
      // Stored behind the answer, unless the Directory has restarted by then.
      agenda.after(1, () => {
        if (taker === store && store.isWriteDue(now())) store.write(now());
      });
      sent(() => {
        if (!isolate.hasEnded) isolate.acknowledge(message, receipt);
      });
    });
  }

  function start(): void {
    const isolate = new SimulatedCounter(`isolate${all.length}`, now);
    all.push(isolate);
    const request = () =>
      agenda.after(1 + Math.floor(-Math.log(1 - random()) * setting.requestMs), () => {
        if (isolate.hasEnded || agenda.now() >= endsAt) return;
        isolate.count();
        if (isolate.counters.isOverdue(now(), 2 * setting.syncMs)) sync(isolate);
        request();
      });
    request();
    const syncs = () =>
      agenda.after(setting.syncMs, () => {
        if (isolate.hasEnded || agenda.now() >= endsAt) return;
        if (random() < 0.9) sync(isolate);
        syncs();
      });
    syncs();
  }

  for (let i = 0; i < setting.isolates; i += 1) start();
  often(setting.restartsPerMinute, () => {
    store = new MetricStore(storage);
    restarts += 1;
  });
  often(setting.endsPerMinute, () => {
    const alive = all.filter(({ hasEnded }) => !hasEnded);
    const isolate = alive[Math.floor(random() * alive.length)];
    if (isolate !== undefined) isolate.hasEnded = true;
    start();
  });
  often(setting.scrapesPerMinute, () => {
    const { series } = store.readStored(now());
    const counted = all.reduce((total, isolate) => total + isolate.counted, 0);
    scrapes.push({ summed: series["http_requests|/v1/{id}|200|"] ?? 0, counted });
  });
  // In the end nothing fails any more, and whoever is left reports until all is stored.
  agenda.after(endsAt + 1_000, () => {
    isFaulty = false;
  });
  for (let round = 1; round <= 6; round += 1) {
    agenda.after(endsAt + round * 61_000, () => {
      for (const isolate of all) if (!isolate.hasEnded) sync(isolate);
    });
  }
  agenda.run();

  const sums = new Map(store.readStored(now()).keys.map(({ keyId, outcomes }) => [keyId, outcomes.hit ?? 0]));
  return {
    isolates: all.map(({ name, counted, settled, hasEnded }) => {
      return { name, counted, settled, hasEnded, summed: sums.get(name) ?? 0 };
    }),
    scrapes,
    restarts,
    rowsWritten: rowsWritten(),
  };
}
