/**
 * The calls of an isolate that wait for tokens of one key's object, when the isolate holds none: one of them asks, for
 * itself and for all who wait by then. Who comes meanwhile waits for the next question.
 *
 *   the object has answered      as many of those it was asked for as it granted go on; the others are refused
 *   the question fails soon      one of them asks again, once; then each counts by itself, as while the object fails
 *   it fails when half of its    each counts by itself
 *     timeout is over
 *   in each case                 one of those who came meanwhile asks next
 *   the one that is to ask was   each waits for the timeout at most, and then asks for itself
 *     stopped
 *
 * A token for a call that waits is spent when the object takes it (README.md). So it goes to a call that waited when the
 * object was asked, or to nobody. Plain data, no I/O; times are in ms since the epoch.
 */

/** What a call that waited is told. */
export type Turn =
  | "granted"
  | "refused"
  /** The key has no limit any more. */
  | "unlimited"
  | "failed"
  /** It is to ask for itself and the others. */
  | "ask";

interface WaitingCall {
  readonly tell: (turn: Turn) => void;
  /** Whether a question that was for this call has failed. */
  hasFailed: boolean;
}

/** A question under way, or one that is about to be asked. */
export interface Question {
  readonly since: number;
  /** The other calls that it asks for. */
  readonly others: readonly WaitingCall[];
}

/** How long a call waits for the tokens that another one asks for: as long as an object call may take. */
export const TOKEN_TIMEOUT_MS = 1_000;

/** More calls than an isolate has under way at a time. Any beyond them ask themselves. */
const MAX_WAITING = 1_000;

export class TokenQueue {
  #waiting: WaitingCall[] = [];
  #question: Question | undefined;

  /**
   * Has the call wait if another one is asking: `tell` is called once, unless the result is called first, which ends the
   * wait. Returns null if this call is to ask, which nobody else does until it begins.
   */
  join(now: number, tell: (turn: Turn) => void): (() => void) | null {
    const question = this.#question;
    const isOver = question === undefined || now < question.since || now - question.since >= TOKEN_TIMEOUT_MS;
    if (isOver || this.#waiting.length >= MAX_WAITING) {
      this.#reserve(now);
      return null;
    }
    const call = { tell, hasFailed: false };
    this.#waiting.push(call);
    return () => this.#leave(call);
  }

  /** Begins a question for the caller and for all who wait now. */
  begin(now: number): Question {
    const question = { since: now, others: this.#waiting };
    this.#waiting = [];
    this.#question = question;
    return question;
  }

  /** Ends a question. `granted`: how many of the others have a token, or what all of them are told. */
  end(question: Question, granted: number | "unlimited" | "failed" | "ask", now: number): void {
    if (this.#question === question) this.#question = undefined;
    const again: WaitingCall[] = [];
    const isLate = now - question.since >= TOKEN_TIMEOUT_MS / 2;
    for (const [index, call] of question.others.entries()) {
      if (granted === "failed" && !isLate && !call.hasFailed) again.push(call);
      else if (typeof granted === "number") call.tell(index < granted ? "granted" : "refused");
      else call.tell(granted);
    }
    for (const call of again) call.hasFailed = true;
    this.#waiting = [...again, ...this.#waiting];
    // A later question is under way if this one took too long.
    if (this.#question !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#reserve(now);
    next.tell("ask");
  }

  /** For a call that is about to ask. */
  #reserve(now: number): void {
    this.#question = { since: now, others: [] };
  }

  #leave(call: WaitingCall): void {
    const index = this.#waiting.indexOf(call);
    if (index >= 0) this.#waiting.splice(index, 1);
  }
}
