/** Calls of the admin API to Durable Objects: bounded in time, and told apart from defects if they fail. */
import { type Failure, RequestError } from "../errors.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import { withTimeout } from "../platform/timeout.ts";
import type { StageLog } from "../request-log.ts";

/** How long an admin call waits for an object, in ms: longer than the object waits for the Directory. */
const ADMIN_TIMEOUT_MS = 5_000;

/** What is answered if a call of this kind fails: of a key's object, or of the Directory to read or to change something. */
const FAILURES = {
  key_object: { type: "key_service_unavailable" },
  key_change: { type: "key_service_unavailable", isChangeUnknown: true },
  directory: { type: "directory_unavailable" },
  directory_change: { type: "directory_unavailable", isChangeUnknown: true },
} as const satisfies Record<string, Failure>;

type CallKind = keyof typeof FAILURES;

/** Calls an object once more if the platform says that this is safe: for calls that may be repeated. */
export async function callIdempotent<S, T>(
  log: StageLog,
  kind: CallKind,
  stub: () => S,
  call: (object: S) => Promise<T>,
): Promise<T> {
  return await orUnavailable(log, kind, callWithRetry(stub, call, ADMIN_TIMEOUT_MS));
}

/** Calls an object once, and never again. If it fails, the operator has to look up whether the change was made. */
export async function callOnce<T>(log: StageLog, kind: CallKind, change: () => Promise<T>): Promise<T> {
  return await orUnavailable(log, kind, withTimeout(ADMIN_TIMEOUT_MS, change()));
}

async function orUnavailable<T>(log: StageLog, kind: CallKind, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch {
    log.degraded(FAILURES[kind].type === "key_service_unavailable" ? "key_object" : "directory");
    throw new RequestError(FAILURES[kind]);
  }
}
