/**
 * Stytch as the model test plays it: organizations that change, faults, slow answers, and a record of all that it said.
 */
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import { ModelCircuit } from "./model-circuit.ts";
import { FAULTS, UNREACHABLE } from "./model-faults.ts";
import { ModelPauses } from "./model-pauses.ts";
import { deferred, json, stytchError } from "./upstream.ts";

/** An answer of Stytch. `startedAt` and `endedAt` order it among all that happened; `at` is the time of the answer. */
export interface Said {
  readonly identifier: string;
  readonly requestId: string | null;
  /** Null for a 404. */
  readonly organization: Json | null;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When it was asked. */
  readonly requestedAt: number;
  readonly at: number;
}

/** A failure of Stytch. */
export interface Failed {
  readonly identifier: string;
  /** The type of the error that a caller may get for it. */
  readonly errorType: string;
  /** Orders it among all that happened. */
  readonly step: number;
  readonly at: number;
}

/** Orders what happens, since time stands still between steps. */
export class StepCounter {
  #steps = 0;
  next(): number {
    this.#steps += 1;
    return this.#steps;
  }
}

export class ModelStytch {
  readonly said: Said[] = [];
  readonly slugs: readonly string[];
  readonly externalIds: readonly string[];
  readonly failures: Failed[] = [];
  readonly circuit = new ModelCircuit();
  readonly pauses = new ModelPauses();
  readonly #steps: StepCounter;
  #organizations: Json[];
  readonly #deleted = new Set<number>();
  #fault: number | null = null;
  readonly #held = new Set<string>();
  #gate: ReturnType<typeof deferred<undefined>> | null = null;

  constructor(steps: StepCounter) {
    this.#steps = steps;
    const tag = crypto.randomUUID().slice(0, 8);
    this.slugs = [0, 1, 2, 3].map((i) => `slug-${tag}-${i}`);
    this.externalIds = [0, 1].map((i) => `crm|${tag}-${i}`);
    this.#organizations = [0, 1, 2].map((i) => organization({ organization_slug: this.slugs[i] }));
  }

  /** One of three organizations' IDs, four slugs and two external IDs. */
  identifierAt(index: number): string {
    const ids = this.#organizations.map((one) => String(one["organization_id"]));
    return [...ids, ...this.slugs, ...this.externalIds][index] ?? "";
  }

  get isSlow(): boolean {
    return this.#gate !== null;
  }

  /** True while a request for this identifier waits to be answered. */
  isHolding(identifier: string): boolean {
    return this.#held.has(identifier);
  }

  /** Requests from now on are answered when `release` is called. */
  hold(): void {
    this.#gate ??= deferred<undefined>();
  }

  release(): void {
    this.#gate?.resolve(undefined);
    this.#gate = null;
  }

  /** Requests from now on fail in one of the ways of `FAULTS`; null: they succeed. */
  setFault(fault: number | null): void {
    this.#fault = fault;
  }

  rename(index: number): void {
    this.#change(index, { organization_name: `Renamed ${this.#steps.next()}` });
  }

  /** The organization that has the slug takes the other's in exchange. */
  moveSlug(index: number, slug: number): void {
    const wanted = this.slugs[slug];
    const other = this.#organizations.findIndex((one) => one["organization_slug"] === wanted);
    const own = this.#organizations[index]?.["organization_slug"];
    if (other >= 0) this.#change(other, { organization_slug: own });
    this.#change(index, { organization_slug: wanted });
  }

  moveExternalId(index: number, id: number): void {
    const wanted = this.externalIds[id] ?? null;
    const other = this.#organizations.findIndex(
      (one) => wanted !== null && one["organization_external_id"] === wanted,
    );
    if (other >= 0) this.#change(other, { organization_external_id: null });
    this.#change(index, { organization_external_id: wanted });
  }

  deleteOrRestore(index: number): void {
    this.#steps.next();
    if (!this.#deleted.delete(index)) this.#deleted.add(index);
  }

  async answer(identifier: string): Promise<Response> {
    const startedAt = this.#steps.next();
    const requestedAt = Date.now();
    this.circuit.noteRequest(identifier, requestedAt);
    const fault = this.#fault;
    const found =
      this.#organizations.find(
        (one, i) => !this.#deleted.has(i) && identifiersOf(one).includes(identifier),
      ) ?? null;
    if (this.#gate !== null) {
      this.#held.add(identifier);
      await this.#gate.promise;
      this.#held.delete(identifier);
    }
    if (fault !== null) return this.#fail(identifier, fault);
    this.circuit.noteAnswer(identifier, Date.now());
    this.pauses.noteAnswer();
    const envelope = found === null ? null : organizationEnvelope(found);
    const requestId = envelope === null ? null : String(envelope["request_id"]);
    const endedAt = this.#steps.next();
    this.said.push({
      identifier,
      requestId,
      organization: found,
      startedAt,
      endedAt,
      requestedAt,
      at: Date.now(),
    });
    return envelope === null ? stytchError(404, "organization_not_found") : json(envelope);
  }

  #fail(identifier: string, fault: number): Response {
    const { errorType, retryAfterSeconds = 0, respond } = FAULTS[fault] ?? UNREACHABLE;
    const now = Date.now();
    this.failures.push({ identifier, errorType, step: this.#steps.next(), at: now });
    if (errorType === "upstream_unavailable") this.circuit.noteUnavailable(identifier, now);
    else this.circuit.noteAnswer(identifier, now);
    if (errorType === "upstream_rate_limited") {
      const arePaused = this.pauses.noteRateLimit(identifier, retryAfterSeconds, now);
      // Nothing is retried in a pause.
      if (arePaused) this.circuit.endCalls();
    } else if (errorType !== "upstream_unavailable") this.pauses.noteAnswer();
    return respond();
  }

  #change(index: number, fields: Json): void {
    this.#steps.next();
    this.#organizations = this.#organizations.map((one, i) => (i === index ? { ...one, ...fields } : one));
  }
}

/** The ID, slug and external ID of an organization. */
export const identifiersOf = (organization: Json): string[] =>
  [
    organization["organization_id"],
    organization["organization_slug"],
    organization["organization_external_id"],
  ].filter((identifier): identifier is string => typeof identifier === "string");
