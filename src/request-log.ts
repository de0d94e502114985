/**
 * The log entry of one request, and its only writer. Stages report facts; this file decides what an entry holds. Only
 * what has a method here is ever logged, so no key, token, body or member's data can slip in.
 */
import { errorTypeOf, type Failure } from "./errors.ts";
import type { IsolateState } from "./isolate-state.ts";
import type { VerifiedKey } from "./keys/key-format.ts";
import { type DegradedPart, describeError, type LogEntry, log, type UpstreamCall } from "./log.ts";
import type { Counters } from "./metrics/counters.ts";
import { type CacheResult, outcomeOf } from "./metrics/outcome.ts";
import { errorTypeLabel } from "./metrics/series.ts";
import { traceIdOf } from "./platform/traceparent.ts";

/** What a stage may report, whether its caller still waits or not. */
export interface StageLog {
  /** A part failed, and the request went on without it. */
  degraded(part: DegradedPart): void;
  /** A call of Stytch was made. `detail`: why its answer was refused; field paths and error types only. */
  upstream(call: UpstreamCall | null, detail?: string): void;
}

/** A failure by which the caller did not prove who it is. */
const FAILED_AUTHENTICATIONS: readonly Failure["type"][] = [
  "missing_key",
  "invalid_key",
  "expired_key",
  "revoked_key",
  "invalid_session",
  "expired_session",
  "revoked_session",
  "invalid_admin_token",
  "invalid_metrics_token",
  "invalid_signature",
  "handover_not_found",
];

export class RequestLog implements StageLog {
  readonly requestId = crypto.randomUUID();
  readonly #startedAt = Date.now();
  readonly #request: Request;
  readonly #entry: LogEntry;
  /** What the request reads, by the name of its operation; null if it reads nothing of Stytch's. */
  #resource: string | null = null;
  #callerKeyId: string | null = null;
  #cacheResult: CacheResult | null = null;
  #failure: Failure | null = null;
  /** The failure that `#failure` was answered for. */
  #cause: Failure | null = null;

  constructor(request: Request) {
    this.#request = request;
    this.#entry = {
      request_id: this.requestId,
      method: "",
      route: null,
      status: 500,
      error_type: null,
      key_id: null,
      cache: null,
      duration_ms: 0,
      upstream: null,
    };
  }

  /** `pattern`: without identifiers, such as `/v1/b2b/organizations/:organization_id`. */
  route(pattern: string): void {
    this.#entry.route = pattern;
  }

  /** `known`: the beginning of the path of a request without a route, without anything of the caller's. */
  unrouted(known: string): void {
    this.#entry.path = known;
  }

  get hasRoute(): boolean {
    return this.#entry.route !== null;
  }

  /** The key that an operator asks about. */
  key(keyId: string): void {
    this.#entry.key_id = keyId;
  }

  /** The genuine key that the caller presents. */
  callerKey({ keyId, isOfPreviousSecret }: VerifiedKey): void {
    this.#entry.key_id = keyId;
    if (isOfPreviousSecret) this.#entry.key_secret = "previous";
    this.#callerKeyId = keyId;
  }

  /** The caller is a member's session. */
  session(): void {
    this.#entry.session = true;
  }

  /** `resource`, by the name of its operation, is looked up. `result`: what it comes to unless something else is noted. */
  lookup(resource: string, result: CacheResult): void {
    this.#resource = resource;
    this.#cacheResult = result;
  }

  /** The value of the header `Cache-Status`, and what it says in one word. */
  cacheStatus(value: string, result: CacheResult): void {
    this.#entry.cache = value;
    this.#cacheResult = result;
  }

  /**
   * A lookup ended with 404: from the negative cache, if Stytch was not asked. Only the log says so, since the answer is
   * not to tell what others have asked for.
   */
  notFound(): void {
    if (this.#entry.upstream !== null) return;
    this.#entry.cache = "postern; hit; detail=negative";
    this.#cacheResult = "negative";
  }

  upstream(call: UpstreamCall | null, detail?: string): void {
    const earlier = this.#entry.upstream;
    if (call !== null) this.#entry.upstream = earlier === null ? call : addCalls(earlier, call);
    if (detail !== undefined) this.#entry.upstream_detail = detail;
  }

  degraded(part: DegradedPart): void {
    if (this.#entry.degraded?.includes(part)) return;
    this.#entry.degraded = [...(this.#entry.degraded ?? []), part];
  }

  webhook(event: string, purges: boolean, revokes: boolean): void {
    this.#entry.webhook = { event, purges, ...(revokes && { revokes }) };
  }

  /** `cause`: the failure itself, if the caller is told of another. */
  failure(failure: Failure, cause: Failure = failure): void {
    this.#entry.error_type = errorTypeOf(failure);
    this.#failure = failure;
    this.#cause = cause;
  }

  /** A defect: what was thrown, reduced to its kind and place. */
  defect(thrown: unknown): void {
    this.#entry.defect = describeError(thrown);
  }

  /** What is wrong with the configuration, by variable. */
  problems(problems: Readonly<Record<string, string>>): void {
    this.#entry.problems = problems;
  }

  /** Counts the request, once: all counts of requests are made here. On the path of every hit, so it allocates nothing. */
  count(
    { metrics, keys, sessions }: Pick<IsolateState, "metrics" | "keys" | "sessions">,
    status: number,
    now: number,
  ): void {
    const { route, degraded, session } = this.#entry;
    const failure = this.#failure;
    metrics.request(route, status, failure === null ? null : errorTypeLabel(failure));
    const result = this.#cacheResult;
    if (this.#resource !== null && result !== null) metrics.lookup(this.#resource, result);
    const outcome = outcomeOf(status, result);
    if (this.#callerKeyId !== null) {
      metrics.keyRequest(this.#callerKeyId, outcome);
      keys.pendingUsage.countOutcome(this.#callerKeyId, now, outcome);
    } else if (session) sessions.countOutcome(now, outcome);
    if (degraded !== undefined) for (const part of degraded) metrics.degraded(part);
    if (failure === null) return;
    if (failure.type === "too_many_requests" && failure.limited !== "address") metrics.rateLimited();
    if (this.#cause !== null && this.isUnauthenticated) metrics.failedAuthentication(this.#cause.type);
  }

  /** True if credentials were refused. */
  get isUnauthenticated(): boolean {
    return this.#cause !== null && FAILED_AUTHENTICATIONS.includes(this.#cause.type);
  }

  /** Writes the entry: always, but for cache hits, of which the share `hitSampleRate` is written. `random`: 0 to 1. */
  write(status: number, now: number, hitSampleRate: number, random: () => number): void {
    if (random() >= (this.#isHit() ? hitSampleRate : 1)) return;
    const entry = this.#entry;
    entry.method = this.#request.method;
    entry.status = status;
    entry.duration_ms = now - this.#startedAt;
    const traceId = traceIdOf(this.#request.headers.get("traceparent"));
    if (traceId !== null) entry.trace_id = traceId;
    if (entry.route !== null) entry.route = entry.route.replace(/:(\w+)/g, "{$1}");
    log(entry);
  }

  /** An answer from the cache with nothing amiss. */
  #isHit(): boolean {
    const { error_type, cache, degraded } = this.#entry;
    return error_type === null && cache?.includes("; hit") === true && degraded === undefined;
  }
}

/** The status and Stytch's request ID of the later call, and what both cost: a request may make several, in turn. */
const addCalls = (earlier: UpstreamCall, later: UpstreamCall): UpstreamCall => ({
  ...later,
  attempts: earlier.attempts + later.attempts,
  duration_ms: earlier.duration_ms + later.duration_ms,
});

/** The log of work in the background of a request, whose own entry is written by then. */
export class BackgroundLog implements StageLog {
  readonly #requestId: string;
  readonly #metrics: Pick<Counters, "degraded">;
  readonly #degraded: DegradedPart[] = [];
  #upstream: UpstreamCall | null = null;
  #detail: string | undefined;

  constructor(requestId: string, metrics: Pick<Counters, "degraded">) {
    this.#requestId = requestId;
    this.#metrics = metrics;
  }

  upstream(call: UpstreamCall | null, detail?: string): void {
    this.#upstream = call;
    this.#detail = detail;
  }

  degraded(part: DegradedPart): void {
    this.#degraded.push(part);
  }

  /** Writes one line if any part was degraded, and counts that. */
  write(): void {
    if (this.#degraded.length === 0) return;
    for (const part of this.#degraded) this.#metrics.degraded(part);
    log({
      request_id: this.#requestId,
      degraded: this.#degraded,
      upstream: this.#upstream,
      upstream_detail: this.#detail,
    });
  }
}
