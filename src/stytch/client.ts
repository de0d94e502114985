/**
 * The only part that speaks to Stytch, and the only reader of the project secret. A call is:
 *
 *   URL from the fixed base and the encoded identifier → one request with Postern's own headers → bounded body
 *   → what the answer means (`answer.ts`)
 *
 * No header of a caller goes out, and none of Stytch's comes back. One deadline covers everything.
 */
import type * as z from "zod";
import { version } from "../../package.json";
import { readAtMost } from "../bounds.ts";
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import { type Meaning, meaningOf, type RawAnswer } from "./answer.ts";
import { isCanonicalId } from "./canonical-id.ts";
import { noteDrift } from "./drift.ts";
import { MemberEnvelope } from "./member-schema.ts";
import { OrganizationEnvelope } from "./organization-schema.ts";

/** What Postern takes from Stytch at most; a larger body is an invalid one. */
const MOST_BODY_BYTES = 1024 * 1024;

export type Fetched<T> = Meaning<T> & { readonly call: UpstreamCall };

/** `GET /v1/b2b/organizations/{identifier}`: by ID, slug or external ID. Resolves always; does one upstream call. */
export async function fetchOrganization(
  config: Config,
  identifier: string,
  timeoutMs: number,
): Promise<Fetched<OrganizationEnvelope>> {
  const path = `/v1/b2b/organizations/${encodeURIComponent(identifier)}`;
  const fetched = await fetchParsed(config, path, OrganizationEnvelope, timeoutMs);
  if (fetched.failure === undefined) noteDrift(fetched.value, Date.now());
  return onlyOf(identifier, (envelope) => envelope.organization.organization_id, fetched);
}

/** `GET /v1/b2b/organizations/members/dangerously_get/{memberId}`. Resolves always; does one upstream call. */
export async function fetchMember(
  config: Config,
  memberId: string,
  includeDeleted: boolean,
): Promise<Fetched<MemberEnvelope>> {
  const path = `/v1/b2b/organizations/members/dangerously_get/${encodeURIComponent(memberId)}`;
  const query = includeDeleted ? "?include_deleted=true" : "";
  const fetched = await fetchParsed(config, path + query, MemberEnvelope);
  if (fetched.failure === undefined) noteDrift(fetched.value, Date.now());
  return onlyOf(memberId, (envelope) => envelope.member.member_id, fetched);
}

/** `GET /v1/b2b/sessions/jwks/{project_id}` of the deployment's own project. Resolves always; does one upstream call. */
export async function fetchJwks<T>(config: Config, schema: z.ZodType<T>): Promise<Fetched<T>> {
  const path = `/v1/b2b/sessions/jwks/${encodeURIComponent(config.stytch.projectId)}`;
  return await fetchParsed(config, path, schema);
}

async function fetchParsed<T>(
  config: Config,
  path: string,
  schema: z.ZodType<T>,
  timeoutMs: number = config.stytch.timeoutMs,
): Promise<Fetched<T>> {
  const began = Date.now();
  const exchanged = await exchange(config, path, timeoutMs);
  const { raw, attempts } = exchanged;
  const duration_ms = Date.now() - began;
  if (raw === null) {
    const { failure, detail } = exchanged;
    return { failure, detail, call: { status: null, request_id: null, attempts, duration_ms } };
  }
  const { requestId, meaning } = meaningOf(
    raw,
    schema,
    (message) => withoutSecrets(config, message),
    Date.now(),
  );
  return { ...meaning, call: { status: raw.status, request_id: requestId, attempts, duration_ms } };
}

type Exchanged = { readonly attempts: number } & (
  | { readonly raw: RawAnswer }
  | { readonly raw: null; readonly failure: Failure; readonly detail: string }
);

/** One request and its answer. While the project secret rotates, one that Stytch does not take is followed by the next. */
async function exchange(config: Config, path: string, timeoutMs: number): Promise<Exchanged> {
  const deadline = AbortSignal.timeout(timeoutMs);
  let attempts = 1;
  try {
    const { secret, nextSecret } = config.stytch;
    let response = await send(config, path, secret, deadline);
    if (response.status === 401 && nextSecret !== undefined) {
      attempts += 1;
      await response.body?.cancel();
      response = await send(config, path, nextSecret, deadline);
    }
    // The deadline aborts a body that is being read, too.
    const bytes = await readAtMost(MOST_BODY_BYTES, response.body);
    const retryAfter = response.headers.get("Retry-After");
    return { attempts, raw: { status: response.status, retryAfter, bytes } };
  } catch {
    return deadline.aborted
      ? { attempts, raw: null, failure: { type: "upstream_timeout" }, detail: "the deadline passed" }
      : { attempts, raw: null, failure: { type: "upstream_unavailable" }, detail: "the connection failed" };
  }
}

async function send(config: Config, path: string, secret: string, deadline: AbortSignal): Promise<Response> {
  return await fetch(config.stytch.baseUrl + path, {
    headers: {
      Authorization: `Basic ${basic(config, secret)}`,
      Accept: "application/json",
      "User-Agent": `postern/${version}`,
      Via: "1.1 postern",
    },
    // Workers have no "error" here; a redirect comes back as it is, and is refused by its status.
    redirect: "manual",
    signal: deadline,
  });
}

const basic = (config: Config, secret: string) => btoa(`${config.stytch.projectId}:${secret}`);

/** An upstream that echoes a request must not hand its credentials on. */
function withoutSecrets(config: Config, message: string): string {
  const { secret, nextSecret } = config.stytch;
  const secrets = nextSecret === undefined ? [secret] : [secret, nextSecret];
  // The longest first: one secret may be the beginning of the other.
  const forms = secrets.flatMap((one) => [basic(config, one), one]).sort((a, b) => b.length - a.length);
  return forms.reduce((kept, form) => kept.replaceAll(form, "[removed]"), message);
}

/** An answer about another object than the one asked for is none. */
function onlyOf<T>(asked: string, idOf: (value: T) => string, fetched: Fetched<T>): Fetched<T> {
  if (fetched.failure !== undefined || !isCanonicalId(asked)) return fetched;
  if (asked.toLowerCase() === idOf(fetched.value).toLowerCase()) return fetched;
  return { call: fetched.call, failure: { type: "upstream_invalid_response" }, detail: "another object" };
}
