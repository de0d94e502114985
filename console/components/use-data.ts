/** Data of the admin API for a view, read again while the page is visible. */
import { useCallback, useEffect, useState } from "hono/jsx/dom";
import { ApiError, ConnectionError } from "../api.ts";
import { startReading } from "./start-reading.ts";

export interface Loaded<T> {
  /** Null until the first answer. After a failure the last answer stays. */
  readonly data: T | null;
  /** Why the last read failed, in words; null if it did not. */
  readonly problem: string | null;
  /** When `data` was read, ms since the epoch. */
  readonly readAt: number;
  /** Reads again, at once. */
  reload(): void;
}

interface State<T> extends Omit<Loaded<T>, "reload"> {
  /** The key under which it was read: after a change of the key, the state is still of the one before. */
  readonly key: string;
}

/**
 * Reads when the component appears, and again whenever `key` changes, which names what is read. `refreshMs`: how often it
 * reads again while the page is visible; 0 for never.
 */
export function useData<T>(key: string, load: (signal: AbortSignal) => Promise<T>, refreshMs = 0): Loaded<T> {
  const [state, setState] = useState<State<T>>({ key, data: null, problem: null, readAt: 0 });
  const [round, setRound] = useState(0);

  useEffect(
    () =>
      startReading(document, {
        load,
        refreshMs,
        onData: (data) => setState({ key, data, problem: null, readAt: Date.now() }),
        onError: (error) => {
          const problem = problemOf(error);
          setState((before) =>
            before.key === key ? { ...before, problem } : { key, data: null, problem, readAt: 0 },
          );
        },
      }),
    [key, round, refreshMs],
  );

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const { data, problem, readAt } = state;
  return state.key === key
    ? { data, problem, readAt, reload }
    : { data: null, problem: null, readAt: 0, reload };
}

/** A failure in words, for the person at the page. */
export function problemOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof ConnectionError) return error.message;
  return "Something went wrong in this page. Reload it.";
}
