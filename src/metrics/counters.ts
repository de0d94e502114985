/**
 * What an isolate has counted since it last took its counts for a report. A request that is a hit costs additions to
 * integers that are there already: no I/O, and nothing is allocated. Plain data.
 */
import type { DegradedPart } from "../log.ts";
import type { CacheResult, Outcome } from "./outcome.ts";
import { bucketOf, type CounterName, type HistogramName, NO_ROUTE, SUM, seriesId } from "./series.ts";

/** Counts by the ID of their series. */
export type SeriesCounts = Record<string, number>;

/** Requests of one key. */
export type KeyOutcomes = Partial<Record<Outcome, number>>;

export interface Counts {
  readonly series: Readonly<SeriesCounts>;
  /** By key ID. */
  readonly keys: Readonly<Record<string, KeyOutcomes>>;
}

/** An integer that is counted up in place. */
interface Cell {
  count: number;
}

/** Between two reports. The requests of further keys are not counted by key. */
const MAX_KEYS = 5_000;

/** The cells of series with one label or more, found without making an ID. */
type Cells<K, V> = Map<K, Map<V, Cell>>;

export class Counters {
  readonly #now: () => number;
  /** Every cell that is in use, by the ID of its series. */
  readonly #series = new Map<string, Cell>();
  /** By route, and by status and error type. */
  readonly #requests: Cells<string, number | string> = new Map();
  /** By resource and result. */
  readonly #lookups: Cells<string, CacheResult> = new Map();
  readonly #keys: Cells<string, Outcome> = new Map();
  /** When the oldest count was made, ms since the epoch; 0 if there is none. */
  #countedSince = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** One answered request. `route`: the pattern as Hono has it; null if none matched. `errorType`: null for a success. */
  request(route: string | null, status: number, errorType: string | null): void {
    const kinds = innerMap(this.#requests, route ?? NO_ROUTE);
    const kind = errorType === null ? status : `${status} ${errorType}`;
    let cell = kinds.get(kind);
    if (cell === undefined) {
      const pattern = (route ?? NO_ROUTE).replace(/:(\w+)/g, "{$1}");
      cell = this.#cell("http_requests", [pattern, String(status), errorType ?? ""]);
      kinds.set(kind, cell);
    }
    this.#add(cell, 1);
  }

  /** The lookup of what a request asks for. `resource`: the name of its operation. */
  lookup(resource: string, result: CacheResult): void {
    const results = innerMap(this.#lookups, resource);
    let cell = results.get(result);
    if (cell === undefined) {
      cell = this.#cell("cache_lookups", [resource, result]);
      results.set(result, cell);
    }
    this.#add(cell, 1);
  }

  /** One request of a genuine key. */
  keyRequest(keyId: string, outcome: Outcome): void {
    let outcomes = this.#keys.get(keyId);
    if (outcomes === undefined) {
      if (this.#keys.size >= MAX_KEYS) return;
      outcomes = new Map();
      this.#keys.set(keyId, outcomes);
    }
    let cell = outcomes.get(outcome);
    if (cell === undefined) {
      cell = { count: 0 };
      outcomes.set(outcome, cell);
    }
    this.#add(cell, 1);
  }

  /** One HTTP request to Stytch, a retry included. */
  upstreamRequest(operation: string, outcome: string, ms: number): void {
    this.#add(this.#cell("upstream_requests", [operation, outcome]), 1);
    this.#observe("upstream_request_duration", ms);
  }

  /** One call of a key's object, whatever came of it. */
  keyLease(ms: number): void {
    this.#observe("key_lease_duration", ms);
  }

  /** A request was refused by the limit of a key or member. */
  rateLimited(): void {
    this.#add(this.#cell("rate_limited", []), 1);
  }

  /** `reason`: the `error_type`, also if the caller was told that there were too many of them. */
  failedAuthentication(reason: string): void {
    this.#add(this.#cell("failed_authentications", [reason]), 1);
  }

  /** `source`: who asked for the purge. */
  purge(source: "admin" | "webhook" | "cache"): void {
    this.#add(this.#cell("purges", [source]), 1);
  }

  degraded(part: DegradedPart): void {
    this.#add(this.#cell("degraded", [part]), 1);
  }

  /** True if something was counted this long ago, in ms, and is in no report yet. */
  isOverdue(now: number, ms: number): boolean {
    return this.#countedSince !== 0 && now - this.#countedSince >= ms;
  }

  /** Returns all counts, and begins again from zero; null if there are none. */
  take(): Counts | null {
    if (this.#countedSince === 0) return null;
    this.#countedSince = 0;
    const series: SeriesCounts = {};
    for (const [id, cell] of this.#series) {
      if (cell.count > 0) series[id] = cell.count;
      cell.count = 0;
    }
    const keys: Record<string, KeyOutcomes> = {};
    for (const [keyId, outcomes] of this.#keys) {
      keys[keyId] = Object.fromEntries([...outcomes].map(([outcome, { count }]) => [outcome, count]));
    }
    this.#keys.clear();
    return { series, keys };
  }

  /** Adds what an object's isolate has counted, which has nobody else to report it. */
  add({ series }: Counts): void {
    for (const [id, count] of Object.entries(series)) this.#add(this.#cellOf(id), count);
  }

  #observe(name: HistogramName, ms: number): void {
    this.#add(this.#cell(name, [bucketOf(ms)]), 1);
    this.#add(this.#cell(name, [SUM]), Math.max(0, Math.round(ms)));
  }

  #add(cell: Cell, count: number): void {
    cell.count += count;
    if (this.#countedSince === 0) this.#countedSince = this.#now();
  }

  #cell(name: CounterName, labels: readonly string[]): Cell {
    return this.#cellOf(seriesId(name, labels));
  }

  #cellOf(id: string): Cell {
    let cell = this.#series.get(id);
    if (cell === undefined) {
      cell = { count: 0 };
      this.#series.set(id, cell);
    }
    return cell;
  }
}

function innerMap<K, V>(cells: Cells<K, V>, key: K): Map<V, Cell> {
  let inner = cells.get(key);
  if (inner === undefined) {
    inner = new Map();
    cells.set(key, inner);
  }
  return inner;
}
