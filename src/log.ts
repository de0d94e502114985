/**
 * The log: one JSON object a line. Only what is named here is ever written: no key, no secret, no body, no data of a
 * member, no `Authorization` value. Errors are reduced to their kind and place, since a message may quote its input.
 */

/** What an upstream call cost, or all calls of one request: then `status` and `request_id` are those of the last. */
export interface UpstreamCall {
  /** The status of the response; null if there was none. */
  readonly status: number | null;
  /** Stytch's own request ID, for its support. */
  readonly request_id: string | null;
  readonly attempts: number;
  readonly duration_ms: number;
}

/** The entry of one request; filled as the request proceeds. */
export interface LogEntry {
  readonly request_id: string;
  method: string;
  /** The pattern, without identifiers; null if no route matched. */
  route: string | null;
  /** If no route matched: the known beginning of the path, such as `/v1/b2b/sessions/*`. */
  path?: string;
  status: number;
  error_type: string | null;
  key_id: string | null;
  /** Set if the caller's key was made with `KEY_SECRET_PREVIOUS`. */
  key_secret?: "previous";
  /** True if the caller is the session of a member. Nothing of it is logged. */
  session?: true;
  /** The trace of the caller that the request belongs to, by a valid `traceparent`. */
  trace_id?: string;
  /** The value of `Cache-Status`. */
  cache: string | null;
  duration_ms: number;
  upstream: UpstreamCall | null;
  /** Why the upstream response was refused: field paths and error types. */
  upstream_detail?: string;
  /** The event of a genuine webhook, whether it purged anything, and whether it revoked sessions. */
  webhook?: { readonly event: string; readonly purges: boolean; readonly revokes?: boolean };
  /** The parts that failed while the request went on without them. */
  degraded?: DegradedPart[];
  /** What is wrong with the configuration, by variable. */
  problems?: Readonly<Record<string, string>>;
  /** The kind and place of a defect. */
  defect?: string;
}

/** A part that failed, and what happens without it. */
export type DegradedPart =
  /** KV cannot be read: the lookup goes on with the organization's object. */
  | "kv_read"
  /** KV cannot be written: other locations go on asking the organization's object. */
  | "kv_write"
  /** Stytch failed: an older entry or set of keys was served (stale-if-error), or a background revalidation failed. */
  | "upstream"
  /** The organization's object failed: Stytch was asked directly. */
  | "organization_object"
  /** The object of the public keys failed: the last set was served, or the request refused. */
  | "public_keys_object"
  /**
   * The Directory failed: an alarm reports to it later, purges made meanwhile are not known here, and sessions are
   * checked against its last word or, once that is too old, refused.
   */
  | "directory"
  /** The key's object failed: the last lease was honoured, its limit counted in this isolate, or the call refused. */
  | "key_object"
  /** The limiter of failed authentications failed: they were not limited. */
  | "failed_auth_limiter";

/** Writes one line, with the time `at` which it is written. */
export function log(line: object): void {
  console.log(JSON.stringify({ at: new Date().toISOString(), ...line }));
}

/** A part failed in the background of an object, with no request whose entry could say so. */
export type LogDegraded = (part: DegradedPart, error: unknown) => void;

export const logDegraded: LogDegraded = (part, error) =>
  log({ degraded: [part], defect: describeError(error) });

/** The kind of an error and the places of its stack. Its message stays out: it may quote a body or a URL. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // The stack begins with the message, whose own lines may look like places.
  const places = (error.stack ?? "").replace(error.message, "");
  const frames = places.split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, 8).map((frame) => frame.trim())].join(" ");
}
