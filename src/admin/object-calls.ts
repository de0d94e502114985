/** Calls of the admin API to its objects: bounded, and told apart from defects where they fail. */

import type { Degraded } from "../log.ts";
import { callObject } from "../platform/durable-object.ts";
import { within } from "../platform/timeout.ts";
import { type Call, noteDegraded } from "../request-context.ts";

/** The longest that an admin call waits for an object, in ms: longer than the object waits for the Directory. */
const ADMIN_WAIT_MS = 5_000;

export type Answered<T> =
  | { readonly value: T; readonly failure?: never }
  | { readonly failure: { readonly type: "key_service_unavailable" } };

/** Never throws. Tried once more where the platform says that this is safe: for calls that may be repeated. */
export async function readObject<S, T>(
  call: Call,
  part: Degraded,
  stub: () => S,
  read: (object: S) => Promise<T>,
): Promise<Answered<T>> {
  return await answered(call, part, callObject(stub, read, ADMIN_WAIT_MS));
}

/** Never throws, and is never repeated: whether a change that failed was made is for the operator to look up. */
export async function changeObject<T>(
  call: Call,
  part: Degraded,
  change: () => Promise<T>,
): Promise<Answered<T>> {
  return await answered(call, part, within(ADMIN_WAIT_MS, change()));
}

async function answered<T>(call: Call, part: Degraded, work: Promise<T>): Promise<Answered<T>> {
  try {
    return { value: await work };
  } catch {
    noteDegraded(call, part);
    return { failure: { type: "key_service_unavailable" } };
  }
}
