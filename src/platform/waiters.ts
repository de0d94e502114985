/**
 * Requests of one isolate that wait for what another request of it does.
 *
 * Requests share no I/O on Workers, but since the compatibility date 2024-10-14 a promise may be resolved by a request
 * other than the one that created it, and its continuation runs in the context of the request that waits:
 * `handle_cross_request_promise_resolution` in
 * https://developers.cloudflare.com/workers/configuration/compatibility-flags/
 *
 * The request that works may end at any moment without a word: its client disconnects and the platform stops it. So
 * each waiter has a timeout of its own, and goes on alone after it.
 */
export class Waiters {
  readonly #callbacks = new Set<() => void>();
  readonly #maxWaiters: number;

  /** More than `maxWaiters` at a time are turned away, so that callers cannot exhaust the isolate's memory. */
  constructor(maxWaiters = DEFAULT_MAX_WAITERS) {
    this.#maxWaiters = maxWaiters;
  }

  get size(): number {
    return this.#callbacks.size;
  }

  /** Resolves with true when `notifyAll` is called; with false after `timeoutMs`, or at once if too many wait. */
  async wait(timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const notify = () => resolve(true);
    if (!this.add(notify)) return false;
    const timer = setTimeout(() => resolve(false), timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#callbacks.delete(notify);
    }
  }

  /**
   * Calls `notify` once, when `notifyAll` is called; returns false if too many wait. A request that the platform stops
   * leaves its callback behind until then: to call it does nothing.
   */
  add(notify: () => void): boolean {
    if (this.#callbacks.size >= this.#maxWaiters) return false;
    this.#callbacks.add(notify);
    return true;
  }

  /** Wakes all that wait now. The one that works calls this when it is done, whether it succeeded or failed. */
  notifyAll(): void {
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const notify of callbacks) notify();
  }
}

/** More requests than an isolate has under way at a time. */
const DEFAULT_MAX_WAITERS = 1_000;
