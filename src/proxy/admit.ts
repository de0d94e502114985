/** What both operations begin with: who calls, and that it called. */
import type { Call } from "../call.ts";
import type { Isolate } from "../isolate.ts";
import { type Authenticated, authenticate } from "../keys/authenticate.ts";
import { countCall } from "../keys/usage.ts";

/** Counts every authenticated call, whatever its outcome. Costs as `authenticate` does. */
export async function admit(call: Call, isolate: Isolate): Promise<Authenticated> {
  const caller = await authenticate(call, isolate.leases, isolate.unreported);
  if (caller.failure === undefined) countCall(isolate.unreported, caller.record.key_id, Date.now());
  return caller;
}
