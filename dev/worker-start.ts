/** The start of a Worker that wrangler serves, and how it fails. */
import type { EventEmitter } from "node:events";
import { TimeoutError, withTimeout } from "../src/platform/timeout.ts";

/** The Worker did not start, since another program listens on its port. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

/** A start takes seconds, and more on a busy machine. */
const MAX_START_MS = 120_000;

/**
 * Resolves once `ready` has and wrangler has loaded the Worker. Rejects if wrangler emits a failure before, or after
 * `timeoutMs`. Wrangler itself leaves `ready` pending forever if it cannot listen on its port. `name`: what starts.
 */
export async function awaitStart(
  name: string,
  events: EventEmitter,
  ready: Promise<unknown>,
  timeoutMs = MAX_START_MS,
): Promise<void> {
  const loaded = new Promise((resolve) => events.once("reloadComplete", resolve));
  const { promise: failure, reject } = Promise.withResolvers<never>();
  const onFailure = (event: unknown) => reject(failureOf(name, reasonOf(event)));
  events.on("error", onFailure);
  events.on("buildFailed", onFailure);
  try {
    await withTimeout(timeoutMs, Promise.race([Promise.all([ready, loaded]), failure]));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new Error(`${name} did not start within ${timeoutMs / 1_000} s.`);
  } finally {
    events.off("error", onFailure);
    events.off("buildFailed", onFailure);
  }
}

function failureOf(name: string, reason: string): Error {
  const text = `${name} did not start: ${reason}`;
  return /address already in use/i.test(reason) ? new PortTakenError(text) : new Error(text);
}

/** Wrangler emits an error, or an event whose `cause` is one. */
function reasonOf(event: unknown): string {
  if (event instanceof Error) return event.message;
  const { reason, cause } = event as { reason?: string; cause?: { message?: string } };
  return [reason, cause?.message].filter((text) => text !== undefined && text !== "").join(": ");
}

/**
 * Starts a server on `port`, or on any free port if another program takes that one after it was found free, as a start in
 * another clone does. `port`: 0 for any.
 */
export async function startOnPort<Server>(
  port: number,
  start: (port: number) => Promise<Server>,
): Promise<Server> {
  try {
    return await start(port);
  } catch (error) {
    if (port === 0 || !(error instanceof PortTakenError)) throw error;
    return await start(0);
  }
}
