/** What both operations begin with: who calls, whether its limit has a call left, and that it called. */
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate.ts";
import { authenticate } from "../keys/authenticate.ts";
import type { KeyRecord } from "../keys/record.ts";
import { takeToken } from "../keys/token.ts";
import { countCall } from "../keys/usage.ts";

export type Admitted =
  | { readonly record: KeyRecord; readonly failure?: never }
  | { readonly failure: Failure };

/** Every authenticated call takes a token and is counted, whatever its outcome. Never throws. */
export async function admit(call: Call, isolate: Isolate): Promise<Admitted> {
  const caller = await authenticate(call, isolate.leases, isolate.unreported);
  if (caller.failure !== undefined) return caller;
  const { record, grace } = caller;
  const { key_id, rate_limit } = record;
  const token = rate_limit === null ? null : await takeToken(call, isolate.told, key_id, rate_limit, grace);
  call.quota = token?.quota ?? null;
  countCall(isolate.unreported, key_id, Date.now(), token?.granted ?? true);
  if (token === null || token.granted) return { record };
  return { failure: { type: "too_many_requests", retryAfterSeconds: token.quota.nextSeconds } };
}
