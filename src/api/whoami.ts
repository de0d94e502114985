/** GET /whoami: what a caller may know of its own key. Takes no token and is not counted. */

import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate-state.ts";
import { authenticate } from "../keys/authenticate.ts";
import { refusalOfAddress } from "../keys/authorize.ts";
import { shown } from "../keys/record.ts";
import { askForQuota, knownQuota } from "../limits/take-token.ts";
import type { Call } from "../request-context.ts";

export async function whoAmI(call: Call, isolate: Isolate): Promise<Response | Failure> {
  const { caller, failure } = await authenticate(call, isolate.keys, false);
  if (failure !== undefined) return failure;
  const { record } = caller;
  const elsewhere = refusalOfAddress(record, call.request.headers);
  call.quota =
    elsewhere === null ? await askForQuota(call, isolate.keys, caller) : knownQuota(isolate.keys, caller);
  if (elsewhere !== null) return elsewhere;
  // The name is what the operator calls the caller.
  const { name: _, ...shownToCaller } = shown(record, Date.now());
  const body = { ...shownToCaller, rate_limit_remaining: call.quota?.remaining ?? null };
  return Response.json(body, { headers: { Vary: "Authorization" } });
}
