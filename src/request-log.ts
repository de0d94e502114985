/**
 * The log entry of one request, and its only writer. Stages report facts; this file decides what an entry holds. Only
 * what has a method here is ever logged, so no key, token, body or member's data can slip in.
 */
import { errorTypeOf, type Failure } from "./errors.ts";
import { type DegradedPart, describeError, type LogEntry, log, type UpstreamCall } from "./log.ts";
import { traceIdOf } from "./platform/traceparent.ts";

/** What a stage may report, whether its caller still waits or not. */
export interface StageLog {
  /** A part failed, and the request went on without it. */
  degraded(part: DegradedPart): void;
  /** A call of Stytch was made. `detail`: why its answer was refused; field paths and error types only. */
  upstream(call: UpstreamCall | null, detail?: string): void;
}

export class RequestLog implements StageLog {
  readonly requestId = crypto.randomUUID();
  readonly #startedAt = Date.now();
  readonly #headers: Headers;
  readonly #entry: LogEntry;

  constructor({ method, headers }: Request) {
    this.#headers = headers;
    this.#entry = {
      request_id: this.requestId,
      method,
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

  key(keyId: string): void {
    this.#entry.key_id = keyId;
  }

  /** The caller is a member's session. */
  session(): void {
    this.#entry.session = true;
  }

  /** The value of the header `Cache-Status`. */
  cacheStatus(value: string): void {
    this.#entry.cache = value;
  }

  /**
   * A lookup ended with 404: from the negative cache, if Stytch was not asked. Only the log says so, since the answer is
   * not to tell what others have asked for.
   */
  notFound(): void {
    if (this.#entry.upstream === null) this.#entry.cache = "postern; hit; detail=negative";
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

  failure(failure: Failure): void {
    this.#entry.error_type = errorTypeOf(failure);
  }

  /** A defect: what was thrown, reduced to its kind and place. */
  defect(thrown: unknown): void {
    this.#entry.defect = describeError(thrown);
  }

  /** What is wrong with the configuration, by variable. */
  problems(problems: Readonly<Record<string, string>>): void {
    this.#entry.problems = problems;
  }

  /** Writes the entry: always, but for cache hits, of which the share `hitSampleRate` is written. `random`: 0 to 1. */
  write(status: number, now: number, hitSampleRate: number, random: () => number): void {
    if (random() >= (this.#isHit() ? hitSampleRate : 1)) return;
    const entry = this.#entry;
    entry.status = status;
    entry.duration_ms = now - this.#startedAt;
    const traceId = traceIdOf(this.#headers.get("traceparent"));
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
  readonly #degraded: DegradedPart[] = [];
  #upstream: UpstreamCall | null = null;
  #detail: string | undefined;

  constructor(requestId: string) {
    this.#requestId = requestId;
  }

  upstream(call: UpstreamCall | null, detail?: string): void {
    this.#upstream = call;
    this.#detail = detail;
  }

  degraded(part: DegradedPart): void {
    this.#degraded.push(part);
  }

  /** Writes one line if any part was degraded. */
  write(): void {
    if (this.#degraded.length === 0) return;
    log({
      request_id: this.#requestId,
      degraded: this.#degraded,
      upstream: this.#upstream,
      upstream_detail: this.#detail,
    });
  }
}
