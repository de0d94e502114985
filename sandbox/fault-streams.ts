/** Bodies that are too slow, too short or endless, and a response that never comes. */

const DRIP_INTERVAL_MS = 1_000;
const CHUNK_BYTES = 64 * 1_024;
/** Lets the first half of the body leave the Worker before the stream fails. */
const CUT_DELAY_MS = 10;

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Rejects when the caller aborts, and never resolves. The timer keeps the runtime from cancelling the request as hung.
 */
export function hangUntilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setInterval(() => undefined, 60_000);
    const abort = () => {
      clearInterval(timer);
      reject(signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** Sends one byte at once and then one every second. */
export function createDripStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent > 0) await delay(DRIP_INTERVAL_MS);
      controller.enqueue(bytes.slice(sent, sent + 1));
      sent += 1;
      if (sent === bytes.length) controller.close();
    },
  });
}

/** Sends the first half of the bytes and then fails. */
export function createCutStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let isHalfSent = false;
  return new ReadableStream({
    async pull(controller) {
      if (isHalfSent) {
        await delay(CUT_DELAY_MS);
        controller.error(new Error("The sandbox cut the body."));
        return;
      }
      isHalfSent = true;
      controller.enqueue(bytes.slice(0, Math.floor(bytes.length / 2)));
    },
  });
}

/** Sends `start` and then filler without end. A plausible start leaves only the length to reject the body by. */
export function createEndlessStream(start: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const chunk = encoder.encode("x".repeat(CHUNK_BYTES));
  let isStarted = false;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(isStarted ? chunk.slice() : encoder.encode(start));
      isStarted = true;
    },
  });
}
