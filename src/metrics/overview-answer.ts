/** The answer of `GET /admin/overview`. */
import type { Cost } from "./cost.ts";
import type { Totals } from "./hour-totals.ts";

export interface TopKey {
  readonly key_id: string;
  readonly name: string;
  /** Those that its limit admitted, as in its usage. */
  readonly requests: number;
  readonly rate_limited: number;
  /** When its last request was reported, RFC 3339. */
  readonly last_used_at: string;
}

export interface Overview {
  readonly status: "ok" | "degraded";
  /** The parts that have failed in the last minutes. */
  readonly degraded: readonly string[];
  readonly totals: Totals;
  /** The share of reads that the cache answered without waiting for Stytch; null if there were none. */
  readonly hit_ratio: number | null;
  readonly upstream: {
    readonly p50_ms: number | null;
    readonly p95_ms: number | null;
    readonly p99_ms: number | null;
    /** The share of HTTP requests that brought no answer about what was asked; null if there were none. */
    readonly error_ratio: number | null;
  };
  /** Those with traffic, the oldest first. */
  readonly hours: readonly (Totals & { readonly hour: string })[];
  readonly top_keys: readonly TopKey[];
  readonly cost: Cost;
}
