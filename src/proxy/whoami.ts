/** GET /whoami: what a caller may know of its own key. Takes no token and is not counted. */
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate.ts";
import { authenticate } from "../keys/authenticate.ts";
import { refusalOfAddress } from "../keys/authorize.ts";
import { shown } from "../keys/record.ts";
import { lookAtTokens } from "../keys/token.ts";

export async function whoAmI(call: Call, isolate: Isolate): Promise<Response | Failure> {
  const caller = await authenticate(call, isolate.leases, isolate.unreported);
  if (caller.failure !== undefined) return caller.failure;
  call.quota = await lookAtTokens(call, isolate.told, caller.record, caller.grace);
  const elsewhere = refusalOfAddress(caller.record, call.request.headers);
  if (elsewhere !== null) return elsewhere;
  // The name is what the operator calls the caller.
  const { name: _, ...record } = shown(caller.record, Date.now());
  return Response.json({ ...record, rate_limit_remaining: call.quota?.remaining ?? null });
}
