/** GET /whoami: what a caller may know of its own key. Takes no token and is not counted. */
import { type Call, noteDegraded } from "../call.ts";
import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate.ts";
import { authenticate } from "../keys/authenticate.ts";
import { quotaOf } from "../keys/bucket.ts";
import { LEASE_WAIT_MS } from "../keys/lease.ts";
import { shown } from "../keys/record.ts";
import { callObject } from "../object-call.ts";

export async function whoAmI(call: Call, isolate: Isolate): Promise<Response | Failure> {
  const caller = await authenticate(call, isolate.leases, isolate.unreported);
  if (caller.failure !== undefined) return caller.failure;
  const { key_id, rate_limit } = caller.record;
  if (rate_limit !== null) {
    try {
      const look = await callObject(
        () => call.env.API_KEY.getByName(key_id),
        async (object) => await object.look(),
        LEASE_WAIT_MS,
      );
      call.quota = look === null ? null : quotaOf(look.bucket, look.limit);
    } catch {
      noteDegraded(call, "key_object");
      return { type: "key_service_unavailable" };
    }
  }
  // The name is what the operator calls the caller.
  const { name: _, ...record } = shown(caller.record, Date.now());
  return Response.json({ ...record, rate_limit_remaining: call.quota?.remaining ?? null });
}
