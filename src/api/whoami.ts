/** GET /whoami: what a caller may know of its own key. It takes no token, and is not counted. */
import type { Failure } from "../errors.ts";
import { authenticate } from "../keys/authenticate.ts";
import { checkAddress } from "../keys/authorize.ts";
import { KeyTokenSource } from "../keys/key-object-client.ts";
import { toPublicRecord } from "../keys/record.ts";
import { fetchQuota, knownQuota } from "../limits/take-token.ts";
import type { RequestContext } from "../request-context.ts";

export async function whoAmI(context: RequestContext): Promise<Response | Failure> {
  const { keys } = context.state;
  const authenticated = await authenticate(context, false);
  if (!authenticated.ok) return authenticated.failure;
  const caller = authenticated.value;
  const addressFailure = checkAddress(caller.record, context.request.headers);
  const { key_id: keyId, rate_limit: limit } = caller.record;
  if (limit !== null) {
    context.quota =
      addressFailure === null && !caller.grace
        ? await fetchQuota(new KeyTokenSource(context, keys, keyId, limit))
        : knownQuota(keys.tokenPools, keyId, limit);
  }
  if (addressFailure !== null) return addressFailure;
  // The name is what the operator calls the caller.
  const { name: _, ...record } = toPublicRecord(caller.record, Date.now());
  const body = { ...record, rate_limit_remaining: context.quota?.remaining ?? null };
  return Response.json(body, { headers: { Vary: "Authorization" } });
}
