/**
 * The log: one JSON object a line. Only what is named here is ever written: no key, no secret, no body, no data of a
 * member, no `Authorization` value. Errors are reduced to their kind and place, since a message may quote what it choked on.
 */

/** What a call of Stytch cost. */
export interface UpstreamCall {
  /** Of the answer; null where there was none. */
  readonly status: number | null;
  /** Stytch's own, for its support. */
  readonly request_id: string | null;
  readonly attempts: number;
  readonly duration_ms: number;
}

/** The line of one request; filled as the request proceeds. */
export interface LogEntry {
  readonly request_id: string;
  readonly method: string;
  /** The pattern, without identifiers; null where no route matched. */
  route: string | null;
  status: number;
  error_type: string | null;
  key_id: string | null;
  /** The value of `Cache-Status`. */
  cache: string | null;
  duration_ms: number;
  upstream: UpstreamCall | null;
  /** Why the upstream's answer was refused: field paths and error types. */
  upstream_detail?: string;
  /** What a genuine webhook was about, and whether it purged anything. */
  webhook?: { readonly event: string; readonly purges: boolean };
  /** Parts that failed and were done without. */
  degraded?: DegradedPart[];
  /** What is wrong with the configuration, by variable. */
  problems?: Readonly<Record<string, string>>;
  /** A defect. */
  defect?: string;
}

/** A part that failed, and what was done without it. */
export type DegradedPart =
  /** KV: the lookup went on without it. */
  | "kv_read"
  | "kv_write"
  /** Stytch: an older entry was answered from. */
  | "upstream"
  /** The organization's object: Stytch was asked directly. */
  | "organization_object"
  /** The object of the public keys: the request was refused. */
  | "public_keys_object"
  /** The Directory: an alarm reports to it later, and purges made meanwhile are not known here. */
  | "directory"
  /** The key's object: the last lease was honoured, its limit counted in this isolate, or the request refused. */
  | "key_object"
  /** The count of calls with bad credentials: they were not limited. */
  | "failed_auth_limiter";

/** Writes one line. */
export function log(line: object): void {
  console.log(JSON.stringify(line));
}

/** The kind of an error and where it was thrown. Its message stays out: it may quote a body or a URL. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // The stack begins with the message, whose own lines may look like places.
  const places = (error.stack ?? "").replace(error.message, "");
  const frames = places.split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, 8).map((frame) => frame.trim())].join(" ");
}
