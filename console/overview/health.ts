/** How Postern is, in a sentence, and what to do about what is wrong. Pure. */
import type { DegradedPart } from "../../src/log.ts";
import { formatRatio } from "../format.ts";
import type { Overview } from "../shapes.ts";

export interface Health {
  readonly isGood: boolean;
  /** A sentence. */
  readonly title: string;
  /** What each thing means that is wrong. */
  readonly reasons: readonly string[];
}

/** Below it, a failed call is chance. */
const MIN_UPSTREAM_REQUESTS = 20;
const HIGH_ERROR_RATIO = 0.05;
/** Of all requests. */
const HIGH_FAILED_SHARE = 0.01;
const MIN_REQUESTS = 100;

/** What it means that a part has failed in the last minutes (docs/operations.md). */
const MEANINGS: Readonly<Record<DegradedPart, string>> = {
  kv_read: "KV cannot be read: answers are right, and slower.",
  kv_write: "KV cannot be written: other locations ask the organization's object instead, and are slower.",
  upstream:
    "Stytch fails or is slow: callers get the last valid answer, and an error if there is none. See Stytch's status page.",
  organization_object:
    "The objects that read organizations fail: Stytch is asked directly, so there are more requests to it.",
  public_keys_object: "The object of the public keys fails: the last known keys are served.",
  directory:
    "The Directory fails: changes, purges and revocations may be refused until it is back. Repeat those that were.",
  key_object:
    "The objects of keys fail: known keys go on for a minute, and until then a revoked key may still work.",
  failed_auth_limiter:
    "Calls with bad credentials are refused, and not counted against their address for the time being.",
};

const meaningOf = (part: string) =>
  Object.entries(MEANINGS).find(([name]) => name === part)?.[1] ??
  `A part that this page does not know has failed: ${part}.`;

export function healthOf({ degraded, totals, upstream }: Overview): Health {
  const reasons = degraded.map(meaningOf);
  const errors = upstream.error_ratio ?? 0;
  if (errors >= HIGH_ERROR_RATIO && totals.upstream_requests >= MIN_UPSTREAM_REQUESTS) {
    reasons.push(`${formatRatio(errors)} of the requests to Stytch failed.`);
  }
  if (totals.requests >= MIN_REQUESTS && totals.errors / totals.requests >= HIGH_FAILED_SHARE) {
    reasons.push(`${formatRatio(totals.errors / totals.requests)} of the callers' requests failed.`);
  }
  if (reasons.length === 0) {
    const title = totals.requests === 0 ? "All is well. Nobody has called yet." : "All is well.";
    return { isGood: true, title, reasons };
  }
  const title =
    degraded.length > 0
      ? "Postern works, with something out of order."
      : "Postern works, but more fails than usual.";
  return { isGood: false, title, reasons };
}
