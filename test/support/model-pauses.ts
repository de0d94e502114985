/** When the pauses of the model's deployment may refuse a call, by the 429s of Stytch. */
const MIN_REFUSED_IDENTIFIERS = 3;

interface Span {
  readonly from: number;
  readonly until: number;
}

export class ModelPauses {
  readonly #identifiers = new Map<string, Span[]>();
  readonly #operation: Span[] = [];
  readonly #refusedInARow = new Set<string>();

  /** True if a call for the identifier may have been refused at some moment between the two. */
  mayRefuse(identifier: string, from: number, until: number): boolean {
    const spans = [...this.#operation, ...(this.#identifiers.get(identifier) ?? [])];
    return spans.some((span) => span.from <= until && from < span.until);
  }

  /** Stytch answered with a 429, and with a `Retry-After` if that is not 0. Returns true if all calls are paused. */
  noteRateLimit(identifier: string, retryAfterSeconds: number, now: number): boolean {
    this.#refusedInARow.add(identifier);
    if (retryAfterSeconds === 0) return false;
    const span = { from: now, until: now + retryAfterSeconds * 1_000 };
    this.#identifiers.set(identifier, [...(this.#identifiers.get(identifier) ?? []), span]);
    const isOperationPaused = this.#refusedInARow.size >= MIN_REFUSED_IDENTIFIERS;
    if (isOperationPaused) this.#operation.push(span);
    return isOperationPaused;
  }

  /** Stytch answered anything else, whatever it said. That it is unavailable is no answer. */
  noteAnswer(): void {
    this.#refusedInARow.clear();
  }
}
