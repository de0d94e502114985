/**
 * The client of the Stytch API, and the only part of Postern that calls it. The order of a call:
 *
 *   pauses, circuit → URL from the fixed base and the encoded identifier → request, with retries
 *   (`fetch-with-retry.ts`) → parsed response (`parse-response.ts`) → circuit, pauses
 *
 * No header of a caller is sent, and none of Stytch's is passed on. One deadline covers the whole call.
 */
import type * as z from "zod";
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import { failed, type Result } from "../result.ts";
import { Circuit } from "./circuit.ts";
import { DriftReporter } from "./drift.ts";
import { fetchWithRetry } from "./fetch-with-retry.ts";
import { isCanonicalId, isSpellingOf } from "./identifier.ts";
import { type ParsedBody, parseResponse, type StytchFailure } from "./parse-response.ts";
import { Pauses } from "./pauses.ts";
import { MemberEnvelope } from "./schemas/member-schema.ts";
import { OrganizationEnvelope } from "./schemas/organization-schema.ts";
import { redactSecrets, type StytchConfig } from "./secrets.ts";

export interface Fetched<T> {
  readonly result: Result<ParsedBody<T>, StytchFailure>;
  /** For the log, if the call failed: field paths and error types, never a value. */
  readonly detail: string | undefined;
  /** What the call cost; null if a pause or the circuit refused it. */
  readonly call: UpstreamCall | null;
}

interface StytchRequest<T> {
  readonly operation: "organization" | "member" | "jwks";
  /** What is asked for, as the caller wrote it: a 429 pauses this alone. */
  readonly object: string;
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** For the whole call, retries included. */
  readonly timeoutMs: number;
}

/**
 * Reads from Stytch with one configuration. Keeps the isolate's circuit and pauses, and the time of its last drift
 * report. Every read resolves, and makes at most one upstream call: up to three attempts within one deadline.
 */
export class StytchClient {
  readonly #config: StytchConfig;
  readonly #circuit = new Circuit();
  readonly #pauses = { organization: new Pauses(), member: new Pauses(), jwks: new Pauses() };
  readonly #drift = new DriftReporter();

  constructor({ stytch }: Pick<Config, "stytch">) {
    this.#config = stytch;
  }

  /**
   * `GET /v1/b2b/organizations/{identifier}`, by ID, slug or external ID. `timeoutMs` is for the whole call, retries
   * included; `UPSTREAM_TIMEOUT_MS` by default.
   */
  async fetchOrganization(
    identifier: string,
    timeoutMs: number = this.#config.timeoutMs,
  ): Promise<Fetched<OrganizationEnvelope>> {
    const fetched = await this.#fetch({
      operation: "organization",
      object: identifier,
      path: `/v1/b2b/organizations/${encodeURIComponent(identifier)}`,
      schema: OrganizationEnvelope,
      timeoutMs,
    });
    if (fetched.result.ok) this.#drift.report(fetched.result.value.json, Date.now());
    return rejectOther(identifier, fetched, ({ organization }) => ({
      id: organization.organization_id,
      aliases: [organization.organization_slug, organization.organization_external_id],
    }));
  }

  /** `GET /v1/b2b/organizations/members/dangerously_get/{memberId}`. */
  async fetchMember(memberId: string, includeDeleted: boolean): Promise<Fetched<MemberEnvelope>> {
    const path = `/v1/b2b/organizations/members/dangerously_get/${encodeURIComponent(memberId)}`;
    const fetched = await this.#fetch({
      operation: "member",
      object: memberId,
      path: includeDeleted ? `${path}?include_deleted=true` : path,
      schema: MemberEnvelope,
      timeoutMs: this.#config.timeoutMs,
    });
    if (fetched.result.ok) this.#drift.report(fetched.result.value.json, Date.now());
    return rejectOther(memberId, fetched, ({ member }) => ({
      id: member.member_id,
      aliases: [member.external_id],
    }));
  }

  /** `GET /v1/b2b/sessions/jwks/{project_id}`, of the deployment's own project. */
  async fetchJwks<T>(schema: z.ZodType<T>): Promise<Fetched<T>> {
    const { projectId, timeoutMs } = this.#config;
    const path = `/v1/b2b/sessions/jwks/${encodeURIComponent(projectId)}`;
    return await this.#fetch({ operation: "jwks", object: projectId, path, schema, timeoutMs });
  }

  async #fetch<T>({ operation, object, path, schema, timeoutMs }: StytchRequest<T>): Promise<Fetched<T>> {
    const pauses = this.#pauses[operation];
    const requestedAt = Date.now();
    // The pauses first: a call that the circuit lets pass may be its probe, and must be made.
    const refusal = pauses.check(object, requestedAt) ?? this.#circuit.check(requestedAt);
    if (refusal !== null) return { result: failed(refusal), detail: describeRefusal(refusal), call: null };
    const isPaused = () => pauses.pausedForMs(object, Date.now()) > 0;
    const { response, requests } = await fetchWithRetry(this.#config, path, timeoutMs, isPaused);
    const now = Date.now();
    const cost = { attempts: requests, duration_ms: now - requestedAt };
    if (!response.ok) {
      const { failure, detail } = CONNECTION_FAILURES[response.failure];
      // If the caller allowed less time than is configured, its timeout does not show that Stytch fails.
      const isShort = timeoutMs < this.#config.timeoutMs && response.failure === "deadline";
      if (!isShort) this.#circuit.recordOutcome(failure, requestedAt, now);
      return { result: failed(failure), detail, call: { ...cost, status: null, request_id: null } };
    }
    const redact = (text: string) => redactSecrets(this.#config, text);
    const { result, detail, requestId } = parseResponse(response.value, operation, schema, redact, now);
    const failure = result.ok || result.failure === "not_found" ? null : result.failure;
    this.#circuit.recordOutcome(failure, requestedAt, now);
    pauses.recordOutcome(object, failure, now);
    return { result, detail, call: { ...cost, status: response.value.status, request_id: requestId } };
  }
}

const CONNECTION_FAILURES = {
  deadline: { failure: { type: "upstream_timeout" }, detail: "the deadline passed" },
  no_connection: { failure: { type: "upstream_unavailable" }, detail: "the connection failed" },
} as const;

const describeRefusal = ({ type }: Failure) =>
  type === "upstream_rate_limited" ? "not called: paused by a 429" : "not called: the circuit is open";

/** The names of the object in an answer. */
interface ObjectNames {
  readonly id: string;
  readonly aliases: readonly (string | null | undefined)[];
}

/**
 * Turns an answer about an object that does not have the requested ID into a failure. A slug or external ID may have the
 * form of an ID. Text in another form is not checked: Stytch may match a slug in another case.
 */
function rejectOther<T>(
  requested: string,
  fetched: Fetched<T>,
  namesOf: (json: T) => ObjectNames,
): Fetched<T> {
  const { result, call } = fetched;
  if (!result.ok || !isCanonicalId(requested)) return fetched;
  const { id, aliases } = namesOf(result.value.json);
  if (aliases.includes(requested) || isSpellingOf(id, requested)) return fetched;
  return { result: failed({ type: "upstream_invalid_response" }), detail: "another object", call };
}
