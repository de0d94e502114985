/**
 * The shield before authentication: calls with bad credentials are limited by where they come from. A call whose credentials are good
 * never comes here, so nobody can be locked out by those who share its address.
 */

import type { Failure } from "./errors.ts";
import { clientNetwork } from "./platform/ip.ts";
import { noteDegraded, type RequestContext } from "./request-context.ts";

/** The longer of the two periods that the binding can have: what it has stands in `wrangler.toml`, where the Worker cannot read it. */
const RETRY_AFTER_SECONDS = 60;

/**
 * The failure itself or, where its kind comes too often from there, that. Counts by Cloudflare's binding, each location for itself and without I/O:
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/. Never throws.
 */
export async function limitFailedAuth(context: RequestContext, failure: Failure): Promise<Failure> {
  if (!isFailedAuth(failure)) return failure;
  try {
    const network = clientNetwork(context.request.headers.get("CF-Connecting-IP"));
    const { success } = await context.env.FAILED_AUTH_LIMITER.limit({ key: network });
    return success
      ? failure
      : { type: "too_many_requests", limited: "address", retryAfterSeconds: RETRY_AFTER_SECONDS };
  } catch {
    noteDegraded(context, "failed_auth_limiter");
    return failure;
  }
}

/** Nothing that proves itself: a key past its end does. */
function isFailedAuth({ type }: Failure): boolean {
  return (
    type === "missing_key" ||
    type === "invalid_key" ||
    type === "invalid_admin_token" ||
    type === "invalid_signature"
  );
}
