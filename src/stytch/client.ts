/**
 * The client of the Stytch API, and the only part of Postern that calls it. The order of a call:
 *
 *   pauses, circuit → URL from the fixed base and the path of the read (`reads.ts`) → request, with retries
 *   (`fetch-with-retry.ts`) → parsed response (`parse-response.ts`) → circuit, pauses
 *
 * No header of a caller is sent, and none of Stytch's is passed on. One deadline covers the whole call.
 */
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import { failed, type Result } from "../result.ts";
import { Circuit } from "./circuit.ts";
import { DriftReporter } from "./drift.ts";
import { fetchWithRetry, type SentRequest } from "./fetch-with-retry.ts";
import { type ParsedBody, parseResponse, type StytchFailure } from "./parse-response.ts";
import { Pauses } from "./pauses.ts";
import type { StytchRead } from "./reads.ts";
import { observeRequests, type RequestObserver } from "./request-outcome.ts";
import { redactSecrets, type StytchConfig } from "./secrets.ts";

export interface Fetched<T> {
  readonly result: Result<ParsedBody<T>, StytchFailure>;
  /** For the log, if the call failed: field paths and error types, never a value. */
  readonly detail: string | undefined;
  /** What the call cost; null if a pause or the circuit refused it. */
  readonly call: UpstreamCall | null;
}

interface Called<T> {
  readonly fetched: Fetched<T>;
  readonly requests: readonly SentRequest[];
}

/**
 * Reads from Stytch with one configuration. Keeps the isolate's circuit and pauses, and the time of its last drift
 * report. Every read resolves, and makes at most one upstream call: up to three attempts within one deadline.
 */
export class StytchClient {
  readonly #config: StytchConfig;
  readonly #circuit = new Circuit();
  /** By operation. */
  readonly #pauses = new Map<string, Pauses>();
  readonly #drift = new DriftReporter();
  readonly #observe: RequestObserver;

  constructor({ stytch }: Pick<Config, "stytch">, observe: RequestObserver = () => {}) {
    this.#config = stytch;
    this.#observe = observe;
  }

  /** `timeoutMs` is for the whole call, retries included; `UPSTREAM_TIMEOUT_MS` by default. */
  async fetch<T>(read: StytchRead<T>, timeoutMs: number = this.#config.timeoutMs): Promise<Fetched<T>> {
    const { fetched: parsed, requests } = await this.#call(read, timeoutMs);
    const fetched = checkObject(read, parsed);
    observeRequests(this.#observe, read.operation, requests, fetched.result);
    const { result } = parsed;
    if (result.ok && typeof result.value.json === "object" && result.value.json !== null) {
      this.#drift.report(result.value.json, Date.now());
    }
    return fetched;
  }

  async #call<T>({ operation, object, path, schema }: StytchRead<T>, timeoutMs: number): Promise<Called<T>> {
    const pauses = this.#pausesOf(operation);
    const requestedAt = Date.now();
    // The pauses first: a call that the circuit lets pass may be its probe, and must be made.
    const refusal = pauses.check(object, requestedAt) ?? this.#circuit.check(requestedAt);
    if (refusal !== null) {
      const fetched = { result: failed(refusal), detail: describeRefusal(refusal), call: null };
      return { fetched, requests: [] };
    }
    const isPaused = () => pauses.pausedForMs(object, Date.now()) > 0;
    const { response, requests } = await fetchWithRetry(this.#config, path, timeoutMs, isPaused);
    const now = Date.now();
    const cost = { attempts: requests.length, duration_ms: now - requestedAt };
    if (!response.ok) {
      const { failure, detail } = CONNECTION_FAILURES[response.failure];
      // If the caller allowed less time than is configured, its timeout does not show that Stytch fails.
      const isShort = timeoutMs < this.#config.timeoutMs && response.failure === "deadline";
      if (!isShort) this.#circuit.recordOutcome(failure, requestedAt, now);
      const call = { ...cost, status: null, request_id: null };
      return { fetched: { result: failed(failure), detail, call }, requests };
    }
    const redact = (text: string) => redactSecrets(this.#config, text);
    const { result, detail, requestId } = parseResponse(response.value, operation, schema, redact, now);
    const failure = result.ok || result.failure === "not_found" ? null : result.failure;
    this.#circuit.recordOutcome(failure, requestedAt, now);
    pauses.recordOutcome(object, failure, now);
    const call = { ...cost, status: response.value.status, request_id: requestId };
    return { fetched: { result, detail, call }, requests };
  }

  #pausesOf(operation: string): Pauses {
    let pauses = this.#pauses.get(operation);
    if (pauses === undefined) {
      pauses = new Pauses();
      this.#pauses.set(operation, pauses);
    }
    return pauses;
  }
}

/** An answer about something else than what was asked for is an invalid one. */
function checkObject<T>(read: StytchRead<T>, fetched: Fetched<T>): Fetched<T> {
  const { result, call } = fetched;
  if (!result.ok || read.isAbout?.(result.value.json) !== false) return fetched;
  return { result: failed({ type: "upstream_invalid_response" }), detail: "another object", call };
}

const CONNECTION_FAILURES = {
  deadline: { failure: { type: "upstream_timeout" }, detail: "the deadline passed" },
  no_connection: { failure: { type: "upstream_unavailable" }, detail: "the connection failed" },
} as const;

const describeRefusal = ({ type }: Failure) =>
  type === "upstream_rate_limited" ? "not called: paused by a 429" : "not called: the circuit is open";
