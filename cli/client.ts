/** Client of the admin API: sends requests, turns failures into errors that say what to do, and parses responses. */
import { z } from "zod";
import type { Connection } from "./connection.ts";
import { CliError, RefusedError } from "./errors.ts";
import { nameOptions } from "./option-names.ts";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface AdminApi {
  /** Where Postern is, for texts that people read. */
  readonly origin: string;
  /**
   * Sends one request and returns the JSON of a 2xx response. Throws a `CliError` otherwise. `ifUncertain` is the
   * advice for a failure after which the change may have been made; by default it warns against repeating the
   * command.
   */
  call(method: Method, path: string, body?: object, ifUncertain?: string): Promise<unknown>;
}

const TIMEOUT_MS = 30_000;

/** Connection failures after which nothing has been sent. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

const MAYBE_DONE =
  " The change may have been made all the same: check with list or show before you repeat the command.";

export function createAdminApi(connection: Connection): AdminApi {
  const { origin, token } = connection;
  return {
    origin,
    call: async (method, path, body, ifUncertain = method === "GET" ? "" : MAYBE_DONE) => {
      let status: number;
      let text: string;
      try {
        const response = await fetch(new URL(path, origin), {
          method,
          headers: {
            Authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          // A redirect would send the token to another address.
          redirect: "manual",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        status = response.status;
        text = await response.text();
      } catch (error) {
        throw new CliError(unreachableMessage(origin, reasonOf(error), ifUncertain));
      }
      const json = parseJson(text);
      if (status >= 200 && status < 300) {
        if (json !== undefined) return json;
        throw new CliError(`${origin} answered ${status} without JSON. Is it a Postern?${ifUncertain}`);
      }
      const message = errorMessage(connection, status, json, body, ifUncertain).replaceAll(token, "…");
      const refusal = status < 500 ? ErrorBody.safeParse(json).data : undefined;
      if (refusal === undefined) throw new CliError(message);
      throw new RefusedError(message, refusal.error_type, refusal.error_message);
    },
  };
}

function unreachableMessage(origin: string, reason: string, ifUncertain: string): string {
  if (reason === "TimeoutError") {
    return `${origin} did not answer within ${TIMEOUT_MS / 1_000} s.${ifUncertain}`;
  }
  const advice = NOT_CONNECTED.has(reason)
    ? " Is the address right, and is Postern running there?"
    : ifUncertain;
  return `${origin} cannot be reached (${reason}).${advice}`;
}

/** An error code such as ECONNREFUSED if there is one. The message is not used: it can quote what was sent. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return error instanceof Error ? error.name : "unknown";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ErrorBody = z.object({
  error_type: z.string(),
  error_message: z.string(),
  request_id: z.string().optional(),
});

/** What to do about an error, by its type. */
const HINTS: Readonly<Record<string, string>> = {
  key_not_found: " The list command shows all keys.",
  session_policy_not_found: " The command sessions policy set sets one.",
};

function errorMessage(
  { origin, tokenSource }: Connection,
  status: number,
  json: unknown,
  requestBody: object | undefined,
  ifUncertain: string,
): string {
  if (status === 401) {
    return tokenSource === "operator"
      ? `${origin} refused the admin token (401). Check POSTERN_ADMIN_TOKEN or --token.`
      : `${origin} refused the admin token that npm start keeps (401). Is another server on that port? Compare the address with the one that npm start printed.`;
  }
  if (status >= 300 && status < 400) {
    return `${origin} answered with a redirect (${status}), which is not followed. Give the address of Postern itself.`;
  }
  const body = ErrorBody.safeParse(json);
  if (!body.success) {
    return `${origin} answered ${status}, but not in the way Postern does. Is the address right?`;
  }
  const { error_type: type, request_id: requestId } = body.data;
  const message = nameOptions(body.data.error_message, requestBody);
  if (type === "route_not_found") {
    return `${origin} does not know this admin call (404). Is ADMIN_TOKEN set there, and is that Postern as new as this tool?`;
  }
  const hint = Object.hasOwn(HINTS, type) ? HINTS[type] : "";
  if (status < 500) return `${message}${hint} (${status} ${type})`;
  const logged = requestId === undefined ? "" : `, request_id ${requestId} in its log`;
  return `${message}${hint} (${status} ${type}${logged}).${ifUncertain}`;
}

// Schemas of what the tool shows of a response. A field that an older Postern does not send is optional.

const strings = z.array(z.string());

export const KeyRecord = z.object({
  key_id: z.string(),
  name: z.string(),
  status: z.string(),
  scopes: strings,
  organization_ids: strings.nullish(),
  fields: z.object({ organization: strings.nullable(), member: strings.nullable() }).nullish(),
  rate_limit: z.object({ limit: z.number(), period_seconds: z.number() }).nullish(),
  allowed_ips: strings.nullish(),
  region: z.string().nullish(),
  expires_at: z.string().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  revoked_at: z.string().nullish(),
  generation: z.number().optional(),
  previous_generation_valid_until: z.string().nullish(),
});
export type KeyRecord = z.output<typeof KeyRecord>;

/** All that is stored of a record: the tool passes it on as it is. */
export const WholeRecord = z.looseObject({ key_id: z.string() });
export type WholeRecord = z.output<typeof WholeRecord>;

export const TakenInRecord = z.object({ outcome: z.enum(["imported", "updated", "unchanged", "kept"]) });

/** Response of create and rotate. The record in it is parsed separately: a surprise there must not lose the key. */
export const IssuedKey = z.object({ key: z.string() });

/** The same with `handover_seconds`. */
export const HandoverLink = z.object({ handover_url: z.string() });

/** The records in it are parsed only to be shown, so that `--json` works with any. */
export const KeyPage = z.looseObject({ keys: z.array(z.unknown()), next_cursor: z.string().nullable() });

/** The counts of one hour. An older Postern does not tell the outcomes apart. */
const CountedHour = z.object({
  hour: z.string(),
  requests: z.number(),
  rate_limited: z.number(),
  hits: z.number().optional(),
  stale: z.number().optional(),
  misses: z.number().optional(),
  denied: z.number().optional(),
  not_found: z.number().optional(),
  errors: z.number().optional(),
});
export type CountedHour = z.output<typeof CountedHour>;

export const Usage = z.object({ hours: z.array(CountedHour) });
export type Usage = z.output<typeof Usage>;

export const Overview = z.object({
  degraded: strings,
  totals: z.object({ requests: z.number(), upstream_requests: z.number() }),
  hit_ratio: z.number().nullable(),
  upstream: z.object({
    p50_ms: z.number().nullable(),
    p95_ms: z.number().nullable(),
    p99_ms: z.number().nullable(),
    error_ratio: z.number().nullable(),
  }),
  hours: z.array(CountedHour),
  top_keys: z.array(
    z.object({
      key_id: z.string(),
      name: z.string(),
      requests: z.number(),
      rate_limited: z.number(),
      last_used_at: z.string(),
    }),
  ),
  cost: z.object({ usd_per_million: z.number().nullable(), usd_per_month: z.number() }),
});
export type Overview = z.output<typeof Overview>;

export const AuditPage = z.object({
  events: z.array(
    z.object({
      at: z.string(),
      action: z.string(),
      actor: z.string().optional(),
      key_id: z.string().nullish(),
      detail: z.unknown(),
    }),
  ),
  next_cursor: z.string().nullish(),
});
export type AuditPage = z.output<typeof AuditPage>;

export const PurgeResult = z.object({ purged: z.string() });
export type PurgeResult = z.output<typeof PurgeResult>;

export const SessionPolicy = KeyRecord.pick({ scopes: true, fields: true, rate_limit: true }).extend({
  max_age_seconds: z.number(),
  allow_impersonation: z.boolean(),
});
export type SessionPolicy = z.output<typeof SessionPolicy>;

export const RevocationResult = z.object({ revoked: z.string() });
export type RevocationResult = z.output<typeof RevocationResult>;

/** Throws a `CliError` if a response is not as expected. */
export function parseResponse<Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join(".") ?? "";
  const where = path === "" ? "" : ` (${path})`;
  throw new CliError(`Postern's response has an unexpected form${where}. Use --json to see it unchanged.`);
}
