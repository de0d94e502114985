/** The outcome of a step that can fail: a value, or the reason why there is none. */
import type { Failure } from "./errors.ts";

export type Result<T, E = Failure> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: E };

export const success = <T>(value: T) => ({ ok: true, value }) as const;
export const failed = <E>(failure: E) => ({ ok: false, failure }) as const;
