/** GET /whoami: what a caller may know of its own key. Takes no token and is not counted. */

import type { Failure } from "../errors.ts";
import type { IsolateState } from "../isolate-state.ts";
import { authenticate } from "../keys/authenticate.ts";
import { checkAddress } from "../keys/authorize.ts";
import { toPublicRecord } from "../keys/record.ts";
import { fetchQuota, knownQuota } from "../limits/take-token.ts";
import type { RequestContext } from "../request-context.ts";

export async function whoAmI(context: RequestContext, isolate: IsolateState): Promise<Response | Failure> {
  const { caller, failure } = await authenticate(context, isolate.keys, false);
  if (failure !== undefined) return failure;
  const { record } = caller;
  const elsewhere = checkAddress(record, context.request.headers);
  context.quota =
    elsewhere === null ? await fetchQuota(context, isolate.keys, caller) : knownQuota(isolate.keys, caller);
  if (elsewhere !== null) return elsewhere;
  // The name is what the operator calls the caller.
  const { name: _, ...shownToCaller } = toPublicRecord(record, Date.now());
  const body = { ...shownToCaller, rate_limit_remaining: context.quota?.remaining ?? null };
  return Response.json(body, { headers: { Vary: "Authorization" } });
}
