/** Calls of the admin API to its objects: bounded, and told apart from defects where they fail. */

import type { DegradedPart } from "../log.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import { withTimeout } from "../platform/timeout.ts";
import { noteDegraded, type RequestContext } from "../request-context.ts";

/** The longest that an admin call waits for an object, in ms: longer than the object waits for the Directory. */
const ADMIN_TIMEOUT_MS = 5_000;

export type ObjectResult<T> =
  | { readonly value: T; readonly failure?: never }
  | { readonly failure: { readonly type: "key_service_unavailable" } };

/** Never throws. Tried once more where the platform says that this is safe: for calls that may be repeated. */
export async function callIdempotent<S, T>(
  context: RequestContext,
  part: DegradedPart,
  stub: () => S,
  read: (object: S) => Promise<T>,
): Promise<ObjectResult<T>> {
  return await answered(context, part, callWithRetry(stub, read, ADMIN_TIMEOUT_MS));
}

/** Never throws, and is never repeated: whether a change that failed was made is for the operator to look up. */
export async function callOnce<T>(
  context: RequestContext,
  part: DegradedPart,
  change: () => Promise<T>,
): Promise<ObjectResult<T>> {
  return await answered(context, part, withTimeout(ADMIN_TIMEOUT_MS, change()));
}

async function answered<T>(
  context: RequestContext,
  part: DegradedPart,
  work: Promise<T>,
): Promise<ObjectResult<T>> {
  try {
    return { value: await work };
  } catch {
    noteDegraded(context, part);
    return { failure: { type: "key_service_unavailable" } };
  }
}
