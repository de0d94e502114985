/** The ratios of Postern to what it is compared with, and their bars. */
import { type Measurements, ratio } from "./measure.ts";

/** By name; null if a round lacks a value, or took no CPU time that can be measured. */
export type Ratios = Readonly<Record<string, number | null>>;

type Bar = { readonly atLeast: number } | { readonly atMost: number };

const BARS: Readonly<Record<string, Bar>> = {
  hit_vs_bare: { atLeast: 0.8 },
  hit_cpu_vs_bare: { atMost: 1.3 },
  hit_cors_vs_hit: { atLeast: 0.95 },
  hit_session_vs_hit: { atLeast: 0.95 },
  limited_vs_unlimited: { atLeast: 0.95 },
  not_modified_vs_hit: { atLeast: 0.95 },
  kv_hit_vs_bare_kv: { atLeast: 0.75 },
  hit_vs_assembled: { atLeast: 8 },
  cost_vs_assembled: { atMost: 0.33 },
  sparse_cost_vs_assembled: { atMost: 0.5 },
  /** No ratio: what 300 calls at once in a new isolate ask the key's object. */
  burst_lease_questions: { atMost: 1 },
  /** No ratio: the ms that a miss takes longer than a bare Worker that asks Stytch. */
  miss_ms_over_direct: { atMost: 1.5 },
};

/** Rounded to two digits. `dollars` are those of a million requests; `others` are measured or counted elsewhere. */
export function ratiosOf(
  measured: Measurements,
  dollars: { readonly postern: number; readonly assembled: number },
  others: Ratios,
): Ratios {
  const ratios = {
    hit_vs_bare: ratio(measured, "hit", "bare"),
    hit_cpu_vs_bare: ratio(measured, "hit", "bare", "cpuUs"),
    hit_cors_vs_hit: ratio(measured, "hit_cors", "hit"),
    // What `CORS_ORIGINS` costs callers that are no pages, such as the SDKs.
    hit_cors_no_origin_vs_hit: ratio(measured, "hit_cors_no_origin", "hit"),
    hit_session_vs_hit: ratio(measured, "hit_session", "hit"),
    limited_vs_unlimited: ratio(measured, "hit_limited", "hit"),
    not_modified_vs_hit: ratio(measured, "not_modified", "hit"),
    kv_hit_vs_bare_kv: ratio(measured, "kv_hit", "bare_kv"),
    hit_vs_assembled: ratio(measured, "hit", "assembled"),
    cost_vs_assembled: dollars.postern / dollars.assembled,
    ...others,
  };
  return Object.fromEntries(
    Object.entries(ratios).map(([name, value]) => [
      name,
      value === null || !Number.isFinite(value) ? null : round(value, 2),
    ]),
  );
}

/** "" if the ratio has no bar. */
export function describeBar(name: string): string {
  const bar = BARS[name];
  if (bar === undefined) return "";
  return "atLeast" in bar ? `at least ${bar.atLeast}` : `at most ${bar.atMost}`;
}

/** Null if the ratio is unknown or has no bar. */
export function isMet(name: string, value: number | null): boolean | null {
  const bar = BARS[name];
  if (bar === undefined || value === null) return null;
  return "atLeast" in bar ? value >= bar.atLeast : value <= bar.atMost;
}

export const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
