/** What an isolate holds of a key's tokens, whose object answers by hand. */

import { type Limit, tokenOf } from "../../src/limits/bucket.ts";
import type { TokenAnswer } from "../../src/limits/bucket-ledger.ts";
import { type Allowance, type Allowances, takeIn } from "../../src/limits/token-pool.ts";

export const NOW = 1_800_000_000_000;
export const LIFE = 5_000;
export const of = (limit: number, period_seconds: number): Limit => ({ limit, period_seconds });
export const LIMIT = of(600, 60);

export const answerOf = (fields: Partial<TokenAnswer> = {}): TokenAnswer => ({
  limit: LIMIT,
  granted: null,
  grant: null,
  number: 0,
  level: 0,
  wholeMs: 0,
  alone: true,
  ...fields,
});

/** An isolate whose object answers by hand. */
export function isolate(limit = LIMIT) {
  const allowances: Allowances = new Map();
  const answered = (fields: Partial<TokenAnswer> & { left?: number }, askedAt: number, now = askedAt) => {
    const { left = limit.limit, ...rest } = fields;
    const level = left * tokenOf(limit);
    takeIn(allowances, "key", answerOf({ limit, level, ...rest }), LIFE, askedAt, now);
    return allowances.get("key") as Allowance;
  };
  return { allowances, answered };
}
export const grant = (id: number, tokens: number) => ({ grant: { id, tokens } });
