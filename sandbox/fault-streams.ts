/** Bodies that come too slowly, stop too soon or do not stop, and the answer that does not come at all. */

const DRIP_MS = 1000;
const CHUNK_BYTES = 64 * 1024;
/** Long enough for the half body to leave the Worker before the stream breaks. */
const CUT_MS = 10;

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Settles only when the caller gives up. The timer keeps the runtime from ending the call as hung itself. */
export function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setInterval(() => undefined, 60_000);
    const end = () => {
      clearInterval(timer);
      reject(signal.reason);
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

export function dripStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent > 0) await wait(DRIP_MS);
      controller.enqueue(bytes.slice(sent, sent + 1));
      sent += 1;
      if (sent === bytes.length) controller.close();
    },
  });
}

export function cutStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    async pull(controller) {
      if (sent) {
        await wait(CUT_MS);
        controller.error(new Error("The sandbox cut the body."));
        return;
      }
      sent = true;
      controller.enqueue(bytes.slice(0, Math.floor(bytes.length / 2)));
    },
  });
}

/** Begins like an answer, so that only its length gives it away. */
export function endlessStream(start: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const chunk = encoder.encode("x".repeat(CHUNK_BYTES));
  let started = false;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(started ? chunk.slice() : encoder.encode(start));
      started = true;
    },
  });
}
