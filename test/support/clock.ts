/** The time of a test: `Date` is fake, timers are real. */
import { afterEach, beforeEach, vi } from "vitest";

/** A whole second, minute and 20 minutes; 2027-01-15T08:00:00Z. */
export const NOW = 1_800_000_000_000;

export interface Clock {
  /** Sets the time to this many seconds after the start of the test. */
  at(seconds: number): void;
  /** Sets the time to this many milliseconds after the start of the test. */
  atMs(milliseconds: number): void;
  /** Moves the time on by this many seconds. */
  advance(seconds: number): void;
  /** Moves the time on by this many milliseconds. */
  advanceMs(milliseconds: number): void;
  /** The moment this many seconds after the start of the test, as ISO 8601 with milliseconds. */
  iso(seconds: number): string;
}

/**
 * Stops `Date` at `now` before each test, and restores it and all mocks after each. Call it at the top of a file or of a
 * `describe`, before `beforeEach`.
 */
export function useClock(now: number = NOW): Clock {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
  const momentAt = (seconds: number) => now + Math.round(seconds * 1_000);
  return {
    at: (seconds) => void vi.setSystemTime(momentAt(seconds)),
    atMs: (milliseconds) => void vi.setSystemTime(now + milliseconds),
    advance: (seconds) => void vi.setSystemTime(Date.now() + Math.round(seconds * 1_000)),
    advanceMs: (milliseconds) => void vi.setSystemTime(Date.now() + milliseconds),
    iso: (seconds) => new Date(momentAt(seconds)).toISOString(),
  };
}
