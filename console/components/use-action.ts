/** A change that somebody asks for: one at a time, with its failure beside the field that it names. */
import { useEffect, useRef, useState } from "hono/jsx/dom";
import { ApiError } from "../api.ts";
import { announce } from "./announce.ts";
import { problemOf } from "./use-data.ts";

export interface Action<Args extends unknown[]> {
  /** Does nothing while an earlier run is under way. Never rejects. */
  run(...args: Args): Promise<void>;
  readonly isRunning: boolean;
  /** Null if the last run did not fail. */
  readonly problem: string | null;
  /** The field that the failure is about, such as `rate_limit.limit`; null if it names none. */
  readonly field: string | null;
  /** Forgets the failure, if there is one: for when what it is about is being corrected. */
  reset(): void;
}

export function useAction<Args extends unknown[]>(act: (...args: Args) => Promise<void>): Action<Args> {
  const [state, setState] = useState<{ isRunning: boolean; problem: string | null; field: string | null }>({
    isRunning: false,
    problem: null,
    field: null,
  });
  const isShown = useRef(true);
  useEffect(
    () => () => {
      isShown.current = false;
    },
    [],
  );
  const run = async (...args: Args) => {
    if (state.isRunning) return;
    setState({ isRunning: true, problem: null, field: null });
    try {
      await act(...args);
      setState({ isRunning: false, problem: null, field: null });
    } catch (error) {
      const problem = problemOf(error);
      // Whoever has left the form is told of its failure all the same.
      if (isShown.current === false) announce(problem);
      setState({ isRunning: false, problem, field: error instanceof ApiError ? error.field : null });
    }
  };
  const reset = () =>
    setState((before) => (before.problem === null ? before : { ...before, problem: null, field: null }));
  return { ...state, run, reset };
}
