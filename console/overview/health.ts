/** How Postern is now, what to do about what is wrong, and what failed in a stretch of time. Pure. */
import type { DegradedPart } from "../../src/log.ts";
import { formatRatio } from "../format.ts";
import type { Overview } from "../shapes.ts";

export interface Health {
  /** Now: what failed earlier does not count. */
  readonly isGood: boolean;
  /** A sentence. */
  readonly title: string;
  /** What each thing means that is wrong. */
  readonly reasons: readonly string[];
  /** What failed in the stretch of time that is shown, in a sentence; null if no more than by chance. */
  readonly past: string | null;
}

/** Below it, a failed call is chance. */
const MIN_UPSTREAM_REQUESTS = 20;
const HIGH_ERROR_RATIO = 0.05;
/** A share of all requests. */
const HIGH_FAILED_SHARE = 0.01;
const MIN_REQUESTS = 100;

/** What it means that a part has failed in the last minutes (docs/incidents.md). */
const MEANINGS: Readonly<Record<DegradedPart, string>> = {
  kv_read: "Postern cannot read its cache in Cloudflare KV: answers are right, and slower.",
  kv_write: "Postern cannot write to its cache in Cloudflare KV: answers are right, and some are slower.",
  upstream:
    "Stytch fails or is slow: callers get the last valid answer, and an error if there is none. See Stytch's status page.",
  organization_object:
    "Postern cannot combine reads of the same organization: it asks Stytch for each, so Stytch gets more requests.",
  public_keys_object:
    "Postern cannot renew the public keys with which sessions are verified: the last ones are served.",
  directory:
    "Postern cannot reach its list of keys, purges and revocations: changes may be refused until it is back. Repeat those that were.",
  key_object:
    "Postern cannot reach the state of keys: keys that it knows work for a minute more, and so may one that was just revoked.",
  failed_auth_limiter:
    "Postern cannot count calls with bad credentials: they are refused, and their address is not held back.",
};

const meaningOf = (part: string) =>
  Object.entries(MEANINGS).find(([name]) => name === part)?.[1] ??
  `A part that this page does not know has failed: ${part}.`;

/** `span`: the stretch of time, as in "In the last 24 hours". */
export function healthOf({ degraded, totals, upstream }: Overview, span: string): Health {
  const past = pastOf({ totals, upstream }, span);
  if (degraded.length > 0) {
    const title = "Postern works, with something out of order.";
    return { isGood: false, title, reasons: degraded.map(meaningOf), past };
  }
  const title = totals.requests === 0 ? "All is well. Nobody has called yet." : "All is well.";
  return { isGood: true, title, reasons: [], past };
}

function pastOf({ totals, upstream }: Pick<Overview, "totals" | "upstream">, span: string): string | null {
  const errors = upstream.error_ratio ?? 0;
  const parts: string[] = [];
  if (errors >= HIGH_ERROR_RATIO && totals.upstream_requests >= MIN_UPSTREAM_REQUESTS) {
    parts.push(`${formatRatio(errors)} of the requests to Stytch`);
  }
  if (totals.requests >= MIN_REQUESTS && totals.errors / totals.requests >= HIGH_FAILED_SHARE) {
    parts.push(`${formatRatio(totals.errors / totals.requests)} of the callers' requests`);
  }
  return parts.length === 0 ? null : `In ${span}, ${parts.join(" and ")} failed.`;
}
