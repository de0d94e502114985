/** Calls of the admin API. The browser adds the cookie of the sign-in, or Cloudflare Access does. */
import { queryText } from "./routes.ts";
import type {
  AuditPage,
  IssuedKey,
  KeyPage,
  KeyRecord,
  KeyUsage,
  Operator,
  Overview,
  SessionPolicy,
  UsageHour,
} from "./shapes.ts";

/** Longer than any answer takes. */
const TIMEOUT_MS = 20_000;

/** Postern refused the call. `message` is for people. */
export class ApiError extends Error {
  readonly status: number;
  /** The `error_type` of the answer. */
  readonly type: string;
  /** The field that a 400 names, such as `rate_limit.limit`; null if none. */
  readonly field: string | null;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
    this.field = type === "invalid_request" ? fieldOf(message) : null;
  }
}

/** There was no answer of Postern, or not all of it. */
export class ConnectionError extends Error {
  /** `isChange`: nobody knows whether Postern made it. */
  constructor(isChange: boolean) {
    super(
      isChange
        ? "Postern cannot be reached, so it is not known whether the change was made. Look before you repeat it."
        : "Postern cannot be reached. Check your connection.",
    );
  }
}

/** The admin API names the field first: `rate_limit.limit: must be a whole number`. */
const fieldOf = (message: string) => /^([\w.[\]-]+): /.exec(message)?.[1] ?? null;

/** Is told what concerns the whole page. */
export interface ApiListener {
  /** A call was answered 401: the sign-in has ended. */
  onSignedOut(): void;
  /** Whether Postern answers, by the latest call that tells. */
  onConnection(isConnected: boolean): void;
}

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export interface KeyQuery {
  readonly q?: string;
  readonly status?: KeyRecord["status"] | null;
  readonly cursor?: string | null;
  readonly limit?: number;
}

export type Api = ReturnType<typeof createApi>;

/** All functions reject with an ApiError or a ConnectionError, or with an AbortError if `signal` ends the call. */
export function createApi(fetch: Fetch, listener: ApiListener) {
  /** How many calls got an answer. */
  let answered = 0;

  async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const { status, ok, json } = await answerOf(method, path, body, signal);
    if (ok) return json as T;
    const { error_type = "unknown", error_message = "Postern answered with an error." } =
      (json as { error_type?: string; error_message?: string } | null) ?? {};
    if (status === 401 && path !== SESSION) listener.onSignedOut();
    throw new ApiError(status, error_type, error_message);
  }

  async function answerOf(method: string, path: string, body: unknown, signal?: AbortSignal) {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const answeredBefore = answered;
    try {
      const response = await fetch(path, {
        method,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        // A login page of Access on another host is no answer.
        redirect: "error",
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
      });
      const json = await jsonOf(response);
      answered += 1;
      listener.onConnection(true);
      return { status: response.status, ok: response.ok, json };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      // A call that waited in vain tells nothing if a later one was answered meanwhile.
      if (answered === answeredBefore) listener.onConnection(false);
      throw new ConnectionError(method !== "GET");
    }
  }

  const keyPath = (keyId: string) => `/admin/keys/${encodeURIComponent(keyId)}`;

  return {
    operator: async (signal?: AbortSignal) => await call<Operator>("GET", SESSION, undefined, signal),
    signIn: async (token: string) => {
      try {
        await call<null>("POST", SESSION, { token });
      } catch (error) {
        // Postern's own message is for programs, which send a header.
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        throw new ApiError(401, error.type, "This is not the admin token.");
      }
    },
    signOut: async () => await call<null>("DELETE", SESSION),

    overview: async (hours: number, signal?: AbortSignal) =>
      await call<Overview>("GET", `/admin/overview?hours=${hours}`, undefined, signal),
    audit: async (cursor: string | null, limit: number, signal?: AbortSignal) =>
      await call<AuditPage>("GET", `/admin/audit${queryText({ cursor, limit })}`, undefined, signal),
    purge: async (body: { organization_id: string } | { rbac_policy: true }) =>
      await call<{ purged: string }>("POST", "/admin/cache/purge", body),

    keys: async (query: KeyQuery, signal?: AbortSignal) =>
      await call<KeyPage>("GET", `/admin/keys${queryText({ ...query })}`, undefined, signal),
    key: async (keyId: string, signal?: AbortSignal) =>
      await call<KeyRecord>("GET", keyPath(keyId), undefined, signal),
    keyUsage: async (keyId: string, hours: number, signal?: AbortSignal) =>
      await call<KeyUsage>("GET", `${keyPath(keyId)}/usage?hours=${hours}`, undefined, signal),
    createKey: async (body: object) => await call<IssuedKey>("POST", "/admin/keys", body),
    editKey: async (keyId: string, body: object) => await call<KeyRecord>("PATCH", keyPath(keyId), body),
    rotateKey: async (keyId: string, body: object) =>
      await call<IssuedKey>("POST", `${keyPath(keyId)}/rotate`, body),
    revokeKey: async (keyId: string) => await call<KeyRecord>("DELETE", keyPath(keyId)),

    /** Null if no policy is set. */
    sessionPolicy: async (signal?: AbortSignal) => {
      try {
        return await call<SessionPolicy>("GET", "/admin/session-policy", undefined, signal);
      } catch (error) {
        if (error instanceof ApiError && error.type === "session_policy_not_found") return null;
        throw error;
      }
    },
    setSessionPolicy: async (body: object) => await call<SessionPolicy>("PUT", "/admin/session-policy", body),
    deleteSessionPolicy: async () => await call<SessionPolicy>("DELETE", "/admin/session-policy"),
    sessionUsage: async (hours: number, signal?: AbortSignal) =>
      await call<{ hours: readonly UsageHour[] }>(
        "GET",
        `/admin/session-policy/usage?hours=${hours}`,
        undefined,
        signal,
      ),
    revokeSessions: async (
      body: { member_session_id: string } | { member_id: string } | { organization_id: string },
    ) => await call<{ revoked: string }>("POST", "/admin/sessions/revoke", body),
  };
}

const SESSION = "/console/session";

/**
 * The body. Rejects if a success breaks off, or is not JSON, which only something in front of Postern sends: it must not
 * pass for an answer. An error without JSON is null.
 */
async function jsonOf(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  if (response.ok) return await response.json();
  try {
    return await response.json();
  } catch {
    return null;
  }
}
