/** What an isolate holds of a key's tokens, whose object answers by hand. */

import { type Limit, unitsPerToken } from "../../src/limits/bucket.ts";
import type { TokenResponse } from "../../src/limits/bucket-ledger.ts";
import { applyResponse, type TokenPool, type TokenPools } from "../../src/limits/token-pool.ts";

export const NOW = 1_800_000_000_000;
export const LIFE = 5_000;
export const of = (limit: number, period_seconds: number): Limit => ({ limit, period_seconds });
export const LIMIT = of(600, 60);

export const answerOf = (fields: Partial<TokenResponse> = {}): TokenResponse => ({
  limit: LIMIT,
  granted: null,
  grant: null,
  sequence: 0,
  level: 0,
  msUntilFull: 0,
  isSoleConsumer: true,
  ...fields,
});

/** An isolate whose object answers by hand. */
export function isolate(limit = LIMIT) {
  const allowances: TokenPools = new Map();
  const answered = (fields: Partial<TokenResponse> & { left?: number }, askedAt: number, now = askedAt) => {
    const { left = limit.limit, ...rest } = fields;
    const level = left * unitsPerToken(limit);
    applyResponse(allowances, "key", answerOf({ limit, level, ...rest }), LIFE, askedAt, now);
    return allowances.get("key") as TokenPool;
  };
  return { allowances, answered };
}
export const grant = (id: number, tokens: number) => ({ grant: { id, tokens } });
