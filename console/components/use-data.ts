/** What a view shows of the admin API, read again while the page is visible. */
import { useCallback, useEffect, useRef, useState } from "hono/jsx/dom";
import { ApiError, ConnectionError } from "../api.ts";

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
  /** What was read: after a change of the key, the state is still of the one before. */
  readonly key: string;
}

/**
 * Reads when the component appears, and again whenever `key` changes, which names what is read. `refreshMs`: how often it
 * reads again while the page is visible; 0 for never.
 */
export function useData<T>(key: string, load: (signal: AbortSignal) => Promise<T>, refreshMs = 0): Loaded<T> {
  const [state, setState] = useState<State<T>>({ key, data: null, problem: null, readAt: 0 });
  const [round, setRound] = useState(0);
  const loadRef = useRef(load);
  loadRef.current = load;

  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const plan = () => {
      if (refreshMs > 0 && !controller.signal.aborted) timer = setTimeout(read, refreshMs);
    };
    const read = async () => {
      // `onVisible` reads when somebody looks again.
      if (document.visibilityState === "hidden") return;
      try {
        const data = await loadRef.current?.(controller.signal);
        if (data !== undefined && !controller.signal.aborted)
          setState({ key, data, problem: null, readAt: Date.now() });
      } catch (error) {
        if (controller.signal.aborted) return;
        const problem = problemOf(error);
        setState((before) =>
          before.key === key ? { ...before, problem } : { key, data: null, problem, readAt: 0 },
        );
      }
      plan();
    };
    const onVisible = () => {
      if (document.visibilityState !== "visible") return;
      clearTimeout(timer);
      void read();
    };
    void read();
    if (refreshMs > 0) document.addEventListener("visibilitychange", onVisible);
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [key, round, refreshMs]);

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
