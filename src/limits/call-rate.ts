/** How many calls a second an isolate has of a key: a sliding window over this second and the one before. */
export class CallRate {
  #second = 0;
  #calls = 0;
  #callsBefore = 0;

  record(now: number): void {
    this.#advance(now);
    this.#calls += 1;
  }

  /** Calls of the last second without the latest one, since a single call says nothing about a rate. */
  perSecond(now: number): number {
    this.#advance(now);
    // The previous second counts for the part of it that the window still covers, as if its calls had come evenly.
    return Math.max(0, this.#calls - 1 + this.#callsBefore * (1 - (now % 1_000) / 1_000));
  }

  #advance(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second === this.#second) return;
    this.#callsBefore = second === this.#second + 1 ? this.#calls : 0;
    this.#second = second;
    this.#calls = 0;
  }
}
