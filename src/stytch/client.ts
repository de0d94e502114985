/**
 * The only part that speaks to Stytch, and the only reader of the project secret. A call is:
 *
 *   circuit → URL from the fixed base and the encoded identifier → a request with Postern's own headers → bounded body
 *   → another attempt, where that may help (`retry.ts`) → what the answer means (`answer.ts`)
 *
 * No header of a caller goes out, and none of Stytch's comes back. One deadline covers everything.
 */

import type * as z from "zod";
import { version } from "../../package.json";
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import { readBounded } from "../platform/bounded-body.ts";
import { withTimeout } from "../platform/timeout.ts";
import { failed, type Result } from "../result.ts";
import { Circuit } from "./circuit.ts";
import { DriftReporter } from "./drift.ts";
import { isCanonicalId } from "./identifier.ts";
import { type ParsedBody, parseResponse, type RawResponse, type StytchFailure } from "./parse-response.ts";
import { type AttemptOutcome, retryDelayMs } from "./retry.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { MemberEnvelope } from "./schemas/member-schema.ts";
import { OrganizationEnvelope } from "./schemas/organization-schema.ts";

type StytchConfig = Config["stytch"];

/** What Postern takes from Stytch at most; a larger body is an invalid one. */
const MAX_BODY_BYTES = 1024 * 1024;

/** In the log of a call that the circuit refused. */
const NOT_CALLED = "not asked";

/** The longest that the body of a refusal is waited for, in ms. */
const ERROR_BODY_TIMEOUT_MS = 500;

export interface Fetched<T> {
  readonly result: Result<ParsedBody<T>, StytchFailure>;
  /** For the log, if the call failed: field paths and error types, never a value. */
  readonly detail: string | undefined;
  /** Null if the circuit refused the call. */
  readonly call: UpstreamCall | null;
}

/**
 * Reads from Stytch with the secrets of one configuration, and keeps the circuit and the drift report of this isolate.
 * Each read resolves always, and does one upstream call at most, in up to three attempts.
 */
export class StytchClient {
  readonly #config: StytchConfig;
  readonly #circuit = new Circuit();
  readonly #drift = new DriftReporter();

  constructor({ stytch }: Pick<Config, "stytch">) {
    this.#config = stytch;
  }

  /** `GET /v1/b2b/organizations/{identifier}`: by ID, slug or external ID. */
  async fetchOrganization(
    identifier: string,
    timeoutMs: number = this.#config.timeoutMs,
  ): Promise<Fetched<OrganizationEnvelope>> {
    const path = `/v1/b2b/organizations/${encodeURIComponent(identifier)}`;
    const fetched = await this.#fetchParsed(path, OrganizationEnvelope, timeoutMs);
    if (fetched.result.ok) this.#drift.report(fetched.result.value.json, Date.now());
    return rejectOther(identifier, (envelope) => envelope.organization.organization_id, fetched);
  }

  /** `GET /v1/b2b/organizations/members/dangerously_get/{memberId}`. */
  async fetchMember(memberId: string, includeDeleted: boolean): Promise<Fetched<MemberEnvelope>> {
    const path = `/v1/b2b/organizations/members/dangerously_get/${encodeURIComponent(memberId)}`;
    const query = includeDeleted ? "?include_deleted=true" : "";
    const fetched = await this.#fetchParsed(path + query, MemberEnvelope, this.#config.timeoutMs);
    if (fetched.result.ok) this.#drift.report(fetched.result.value.json, Date.now());
    return rejectOther(memberId, (envelope) => envelope.member.member_id, fetched);
  }

  /** `GET /v1/b2b/sessions/jwks/{project_id}` of the deployment's own project. */
  async fetchJwks<T>(schema: z.ZodType<T>): Promise<Fetched<T>> {
    const path = `/v1/b2b/sessions/jwks/${encodeURIComponent(this.#config.projectId)}`;
    return await this.#fetchParsed(path, schema, this.#config.timeoutMs);
  }

  async #fetchParsed<T>(path: string, schema: z.ZodType<T>, timeoutMs: number): Promise<Fetched<T>> {
    const requestedAt = Date.now();
    const refusal = this.#circuit.check(requestedAt);
    if (refusal !== null) return { result: failed(refusal), detail: NOT_CALLED, call: null };
    const { exchanged, attempts } = await fetchWithRetry(this.#config, this.#circuit, path, timeoutMs);
    const now = Date.now();
    const call = { attempts, duration_ms: now - requestedAt };
    if ("failure" in exchanged) {
      // A call that had less time than usual, and did not end in it, says nothing of Stytch.
      const isShort = timeoutMs < this.#config.timeoutMs && exchanged.failure.type === "upstream_timeout";
      if (!isShort) this.#circuit.recordOutcome(exchanged.failure, requestedAt, now);
      const { failure, detail } = exchanged;
      return { result: failed(failure), detail, call: { ...call, status: null, request_id: null } };
    }
    const redact = (text: string) => redactSecrets(this.#config, text);
    const { result, detail, requestId } = parseResponse(exchanged, schema, redact, now);
    const isAnswer = result.ok || result.failure === "not_found";
    this.#circuit.recordOutcome(isAnswer ? null : result.failure, requestedAt, now);
    return { result, detail, call: { ...call, status: exchanged.status, request_id: requestId } };
  }
}

type Exchange = RawResponse | { readonly failure: Failure; readonly detail: string };

/** Attempts until one is worth keeping, or time is up. */
async function fetchWithRetry(
  config: StytchConfig,
  circuit: Circuit,
  path: string,
  timeoutMs: number,
): Promise<{ readonly exchanged: Exchange; readonly attempts: number }> {
  const began = Date.now();
  const deadline = AbortSignal.timeout(timeoutMs);
  let attempts = 0;
  for (let retries = 0; ; retries += 1) {
    const { sent, ...exchanged } = await attempt(config, path, deadline);
    attempts += sent;
    const now = Date.now();
    const retryAfter = "status" in exchanged ? parseRetryAfter(exchanged.retryAfter, now) : undefined;
    const outcome: AttemptOutcome = "status" in exchanged ? exchanged.status : "no_connection";
    const leftMs = deadline.aborted ? 0 : timeoutMs - (now - began);
    const pauseMs = retryDelayMs(outcome, retries, leftMs, retryAfter, Math.random());
    if (pauseMs === null) return { exchanged, attempts };
    await scheduler.wait(pauseMs);
    // Another call may have been told meanwhile to leave Stytch alone.
    if (circuit.pausedForMs(Date.now()) > 0) return { exchanged, attempts };
  }
}

/** One request and its answer. While the project secret rotates, one that Stytch does not take is followed by the next: `sent` is 2 then. */
async function attempt(
  config: StytchConfig,
  path: string,
  deadline: AbortSignal,
): Promise<Exchange & { readonly sent: number }> {
  let sent = 1;
  try {
    const { secret, nextSecret } = config;
    let response = await send(config, path, secret, deadline);
    if (response.status === 401 && nextSecret !== undefined) {
      await response.body?.cancel();
      sent += 1;
      response = await send(config, path, nextSecret, deadline);
    }
    // The deadline aborts a body that is being read, too.
    const body = readBounded(MAX_BODY_BYTES, response.body);
    // What a refusal means stands in its status; its body only says more.
    const bytes =
      response.status === 200
        ? await body
        : await withTimeout(ERROR_BODY_TIMEOUT_MS, body).catch(() => undefined);
    return { sent, status: response.status, retryAfter: response.headers.get("Retry-After"), bytes };
  } catch {
    return deadline.aborted
      ? { sent, failure: { type: "upstream_timeout" }, detail: "the deadline passed" }
      : { sent, failure: { type: "upstream_unavailable" }, detail: "the connection failed" };
  }
}

async function send(
  config: StytchConfig,
  path: string,
  secret: string,
  deadline: AbortSignal,
): Promise<Response> {
  return await fetch(config.baseUrl + path, {
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

const basic = (config: StytchConfig, secret: string) => btoa(`${config.projectId}:${secret}`);

/** An upstream that echoes a request must not hand its credentials on. */
function redactSecrets(config: StytchConfig, message: string): string {
  const { secret, nextSecret } = config;
  const secrets = nextSecret === undefined ? [secret] : [secret, nextSecret];
  // The longest first: one secret may be the beginning of the other.
  const forms = secrets.flatMap((one) => [basic(config, one), one]).sort((a, b) => b.length - a.length);
  return forms.reduce((kept, form) => kept.replaceAll(form, "[removed]"), message);
}

/** Replaces an answer about another object than the requested one by a failure. */
function rejectOther<T>(requested: string, idOf: (value: T) => string, fetched: Fetched<T>): Fetched<T> {
  const { result, call } = fetched;
  if (!result.ok || !isCanonicalId(requested)) return fetched;
  if (requested.toLowerCase() === idOf(result.value.json).toLowerCase()) return fetched;
  return { result: failed({ type: "upstream_invalid_response" }), detail: "another object", call };
}
