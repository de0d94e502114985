/** GET /whoami/usage?hours=: the usage of the caller's own key, as operators see it. It takes no token. */
import type { Failure } from "../errors.ts";
import { authenticate } from "../keys/authenticate.ts";
import { checkAddress } from "../keys/authorize.ts";
import { readCredential } from "../keys/credential.ts";
import type { KeyUsage } from "../keys/key-answers.ts";
import { KEY_OBJECT_TIMEOUT_MS } from "../keys/lease.ts";
import { type HourCount, toPublicHours, USAGE_RETENTION_HOURS } from "../keys/usage.ts";
import { knownQuota } from "../limits/take-token.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import { authenticateSession } from "../sessions/authenticate-session.ts";

const DEFAULT_HOURS = 24;

/** Makes one call of the key's object. A session has no usage of its own, so none may ask. */
export async function readOwnUsage(context: RequestContext): Promise<Response | Failure> {
  const { request, state } = context;
  const credential = readCredential(request.headers.get("Authorization"));
  if (credential.kind === "session") {
    const session = await authenticateSession(context, credential.token);
    return session.ok ? { type: "insufficient_scope", scope: null } : session.failure;
  }
  const authenticated = await authenticate(context, credential, false);
  if (!authenticated.ok) return authenticated.failure;
  const { key_id: keyId, rate_limit: limit } = authenticated.value.record;
  if (limit !== null) context.quota = knownQuota(state.keys.tokenPools, keyId, limit);
  const addressFailure = checkAddress(authenticated.value.record, request.headers);
  if (addressFailure !== null) return addressFailure;
  const hours = parseHours(new URL(request.url).searchParams.getAll("hours"));
  if (hours === null) {
    const rule = `must be given once, as a whole number from 1 to ${USAGE_RETENTION_HOURS}`;
    return { type: "invalid_query_parameter", parameter: "hours", rule };
  }
  const counts = await fetchUsage(context, keyId, hours);
  if (counts === null) return { type: "key_service_unavailable" };
  const body: KeyUsage = { key_id: keyId, hours: toPublicHours(counts) };
  return Response.json(body, { headers: { Vary: "Authorization" } });
}

/** Null if it is not such a number. */
function parseHours(given: readonly string[]): number | null {
  const [text = String(DEFAULT_HOURS), ...others] = given;
  const hours = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return others.length === 0 && hours >= 1 && hours <= USAGE_RETENTION_HOURS ? hours : null;
}

/** Null if the key's object fails. */
async function fetchUsage(
  { config, env, log }: RequestContext,
  keyId: string,
  hours: number,
): Promise<HourCount[] | null> {
  try {
    return await callWithRetry(
      () => env.API_KEY.getByName(keyId),
      async (key) => await key.usage(config.stytch.projectId, hours),
      KEY_OBJECT_TIMEOUT_MS,
    );
  } catch {
    log.degraded("key_object");
    return null;
  }
}
