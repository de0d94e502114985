/**
 * What a failure means to whoever meets it: the source of `docs/errors.md`, of the page `/docs/errors` and of the examples
 * in `openapi.json`. Nothing of this folder is part of the Worker.
 */
import type { Failure } from "../errors.ts";

type Fault = "caller" | "operator" | "Stytch" | "Postern";

/** `nobody`: the failure passes by itself. */
type Responsible = "caller" | "operator" | "Stytch" | "nobody";

export interface ErrorDescription<T extends Failure["type"] = Failure["type"]> {
  /** A failure as it may occur. The status, the headers and the message follow from it. */
  readonly sample: Failure & { readonly type: T };
  /** What has happened. In all texts, code stands between backticks. */
  readonly meaning: string;
  readonly fault: Fault;
  /** Who has to do something before the call can succeed. */
  readonly responsible: Responsible;
  readonly action: string;
  /** Whether the same call may succeed later. */
  readonly retry: string;
}

export type ErrorDescriptions<T extends Failure["type"]> = { readonly [Type in T]: ErrorDescription<Type> };

export const NEVER = "no: the same call fails again";
export const AFTER_CORRECTION = "not before it is corrected";
export const AFTER_WAITING = "yes, after `Retry-After`";
