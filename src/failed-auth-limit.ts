/**
 * The limit on failed authentications, by the caller's address. A call with good credentials never comes here, so
 * nobody can be locked out by others who share an address.
 */
import type { Failure } from "./errors.ts";
import { clientNetwork } from "./platform/ip.ts";
import type { StageLog } from "./request-log.ts";

/** The longer of the two periods that the binding can have. The Worker cannot read which one `wrangler.toml` sets. */
const RETRY_AFTER_SECONDS = 60;

/**
 * Returns the failure itself or, if failed authentications come too often from the caller's network, `too_many_requests`
 * in its place. Counts by Cloudflare's rate limiting binding, each location for itself and without I/O:
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/. Never throws.
 */
export async function limitFailedAuth(
  failure: Failure,
  headers: Headers,
  limiter: RateLimit,
  log: StageLog,
): Promise<Failure> {
  if (!isFailedAuth(failure)) return failure;
  try {
    const { success } = await limiter.limit({ key: clientNetwork(headers.get("CF-Connecting-IP")) });
    return success
      ? failure
      : { type: "too_many_requests", limited: "address", retryAfterSeconds: RETRY_AFTER_SECONDS };
  } catch {
    log.degraded("failed_auth_limiter");
    return failure;
  }
}

/** True if the credentials prove nothing. An expired or revoked key or session is authentic, so it does not count. */
function isFailedAuth({ type }: Failure): boolean {
  return (
    type === "missing_key" ||
    type === "invalid_key" ||
    type === "invalid_session" ||
    type === "invalid_admin_token" ||
    type === "invalid_metrics_token" ||
    type === "invalid_signature" ||
    type === "handover_not_found"
  );
}
