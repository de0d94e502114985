/** Real time in the model test: it decides nothing, and work in the background is waited for. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";

/** A timer that is at least this long is a deadline. */
const MIN_DEADLINE_MS = 100;
/** How much longer a deadline becomes: it is never reached. */
const FACTOR = 10_000;

const setRealTimeout = globalThis.setTimeout;

export const pause = async (ms: number) =>
  await new Promise<void>((resolve) => {
    setRealTimeout(resolve, ms);
  });

/**
 * Until mocks are restored, no deadline passes, since a busy machine would miss some. Retries do not wait: time stands
 * still for them.
 */
export function stopDeadlines(): void {
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal);
  vi.spyOn(scheduler, "wait").mockImplementation(async () => await pause(0));
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((callback: () => void, ms = 0) =>
    setRealTimeout(callback, ms < MIN_DEADLINE_MS ? ms : ms * FACTOR)) as typeof setTimeout);
}

/** The work in the background of all objects: what they give to `waitUntil`. */
export class ObjectWork {
  #running = 0;

  /** Counts it until mocks are restored. */
  static async watch(): Promise<ObjectWork> {
    const work = new ObjectWork();
    prototype ??= await runInDurableObject(
      env.ORGANIZATION.getByName("any"),
      (_, state) => Object.getPrototypeOf(state) as DurableObjectState,
    );
    const waitUntil = prototype.waitUntil;
    vi.spyOn(prototype, "waitUntil").mockImplementation(function (this: DurableObjectState, promise) {
      work.#running += 1;
      const end = () => {
        work.#running -= 1;
      };
      promise.then(end, end);
      waitUntil.call(this, promise);
    });
    return work;
  }

  get isRunning(): boolean {
    return this.#running > 0;
  }

  async settle(): Promise<void> {
    do await pause(0);
    while (this.isRunning);
  }
}

let prototype: DurableObjectState | undefined;
