/** The admin API of keys. */
import { createMiddleware } from "hono/factory";
import * as z from "zod";
import type { AppEnv } from "../app-env.ts";
import { type Failure, RequestError } from "../errors.ts";
import type { ApiKey, MutationResult } from "../keys/api-key.ts";
import type { HandoverOrder } from "../keys/handover-store.ts";
import { createHandoverToken, hashHandoverToken } from "../keys/handover-token.ts";
import type { IssuedKey, KeyPage, KeyUsage, LinkedKey } from "../keys/key-answers.ts";
import { createKeyId, issueKey } from "../keys/key-format.ts";
import { KeyCreationBody, KeyEdit, KeyRotation } from "../keys/policy.ts";
import { checkNotExpired, checkOrganizationIds } from "../keys/policy-checks.ts";
import { KEY_STATUSES, type KeyRecord, toPublicRecord } from "../keys/record.ts";
import { toPublicHours } from "../keys/usage.ts";
import { type AdminContext, projectId } from "./admin-context.ts";
import { callIdempotent, callOnce } from "./object-calls.ts";
import { readPage } from "./pagination.ts";
import { invalidRequest, PageQuery, readBody, readQuery } from "./request.ts";
import { UsageQuery } from "./usage-query.ts";

/** Refuses what cannot be the ID of a key before any object is woken for it. Sets `keyId`. */
export const requireKeyId = createMiddleware<AppEnv>(async (c, next) => {
  const keyId = c.req.param("key_id") ?? "";
  if (!/^[0-9a-z]{16}$/.test(keyId)) throw new RequestError({ type: "key_not_found" });
  c.env.log.key(keyId);
  c.set("keyId", keyId);
  await next();
});

/** Answers 201 with the record and, this once, the key or the link that hands it over. */
export async function createKey(c: AdminContext): Promise<Response> {
  const { config, env, log, request } = c.env;
  const { handover_seconds, ...body } = await readBody(request, KeyCreationBody);
  refuse(checkOrganizationIds(body, config.environment) ?? checkNotExpired(body, Date.now()));
  const keyId = createKeyId();
  log.key(keyId);
  // Cloudflare never moves an object: its first call decides its region.
  const placement = body.region === null ? {} : { locationHint: body.region };
  const object = env.API_KEY.getByName(keyId, placement);
  const link = await createLink(c, keyId, handover_seconds);
  const record = await callOnce(
    log,
    "key_change",
    async () => await object.create(config.stytch.projectId, keyId, body, c.var.actor, link?.order),
  );
  return await answerWithKey(c, record, link, 201);
}

const MAX_SEARCH_LENGTH = 256;

export const KeyListQuery = PageQuery.extend({
  q: z.string().max(MAX_SEARCH_LENGTH, `must have at most ${MAX_SEARCH_LENGTH} characters`).default(""),
  status: z
    .enum(KEY_STATUSES, `must be one of ${KEY_STATUSES.join(", ")}`)
    .nullable()
    .default(null),
  issued_before: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 time such as 2027-01-01T00:00:00Z" })
    .transform((time) => Date.parse(time))
    .nullable()
    .default(null),
});

/** Answers 200 with a page of the records that match the query, newest first. */
export async function listKeys(c: AdminContext): Promise<Response> {
  const {
    q: text,
    status,
    issued_before: issuedBefore,
    ...pageRequest
  } = readQuery(c.env.request, KeyListQuery);
  const filter = { text, status, issuedBefore };
  const page = await readPage(
    c.env,
    pageRequest,
    async (directory, limit, after) => await directory.listKeys(limit, after, projectId(c), filter),
  );
  const now = Date.now();
  const keys = page.items.map((record) => toPublicRecord(record, now));
  return Response.json({ keys, next_cursor: page.next_cursor } satisfies KeyPage);
}

/** Answers 200 with the record as the key's own object has it. */
export async function showKey(c: AdminContext): Promise<Response> {
  return answer(await callKeyObject(c, async (key) => await key.record(projectId(c))));
}

/**
 * Answers 200 with the record. Like every change, the edit is in force everywhere within `LEASE_SECONDS`. The call is made
 * once: a repeated one could undo what another operator has changed in between.
 */
export async function editKey(c: AdminContext): Promise<Response> {
  const body = await readBody(c.env.request, KeyEdit);
  refuse(checkOrganizationIds(body, c.env.config.environment));
  const edited = await changeKey(c, async (key) => await key.edit(projectId(c), body, c.var.actor));
  return answer(requireRecord(edited));
}

/** Answers 200 with the record and, this once, the new key or the link that hands it over. */
export async function rotateKey(c: AdminContext): Promise<Response> {
  const { overlap_seconds, handover_seconds } = await readBody(c.env.request, KeyRotation, {});
  const link = await createLink(c, c.var.keyId, handover_seconds);
  const rotated = await changeKey(
    c,
    async (key) => await key.rotate(projectId(c), overlap_seconds, c.var.actor, link?.order),
  );
  return await answerWithKey(c, requireRecord(rotated), link, 200);
}

/** Answers 200 with the record, revoked for good. A second revocation changes nothing, so the call may be repeated. */
export async function revokeKey(c: AdminContext): Promise<Response> {
  return answer(await callKeyObject(c, async (key) => await key.revoke(projectId(c), c.var.actor)));
}

/** Answers 200 with the counts of the hours that had traffic, the oldest first. */
export async function showUsage(c: AdminContext): Promise<Response> {
  const { hours } = readQuery(c.env.request, UsageQuery);
  const counts = await callKeyObject(c, async (key) => await key.usage(projectId(c), hours));
  if (counts === null) throw new RequestError({ type: "key_not_found" });
  return Response.json({ key_id: c.var.keyId, hours: toPublicHours(counts) } satisfies KeyUsage);
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new RequestError(invalidRequest(problem));
}

type KeyObject = DurableObjectStub<ApiKey>;

const keyObject = (c: AdminContext): KeyObject => c.env.env.API_KEY.getByName(c.var.keyId);

/** For calls that may be repeated. */
async function callKeyObject<T>(c: AdminContext, call: (key: KeyObject) => Promise<T>): Promise<T> {
  return await callIdempotent(c.env.log, "key_object", () => keyObject(c), call);
}

/** For calls that may not be repeated. */
async function changeKey<T>(c: AdminContext, change: (key: KeyObject) => Promise<T>): Promise<T> {
  return await callOnce(c.env.log, "key_change", async () => await change(keyObject(c)));
}

function requireRecord({ record, refusal }: MutationResult): KeyRecord {
  if (record === null) throw new RequestError(failureOf(refusal));
  return record;
}

function answer(record: KeyRecord | null): Response {
  if (record === null) throw new RequestError({ type: "key_not_found" });
  return Response.json(toPublicRecord(record, Date.now()));
}

interface HandoverLink {
  /** A page of this origin, which reads the token from the fragment. */
  readonly url: string;
  readonly order: HandoverOrder;
}

/** Null if the key is to be shown instead. */
async function createLink(
  c: AdminContext,
  keyId: string,
  seconds: number | null,
): Promise<HandoverLink | null> {
  if (seconds === null) return null;
  const token = await createHandoverToken(c.env.config, keyId);
  return {
    url: `${new URL(c.env.request.url).origin}/handover#${token}`,
    order: { hash: await hashHandoverToken(token), seconds },
  };
}

async function answerWithKey(
  c: AdminContext,
  record: KeyRecord,
  link: HandoverLink | null,
  status: 200 | 201,
): Promise<Response> {
  const issued =
    link === null
      ? { key: await issueKey(c.env.config, record.key_id, record.generation) }
      : { handover_url: link.url };
  const body: IssuedKey | LinkedKey = { ...toPublicRecord(record, Date.now()), ...issued };
  return Response.json(body, { status });
}

function failureOf(refusal: MutationResult["refusal"]): Failure {
  switch (refusal) {
    case "revoked":
      return invalidRequest("the key is revoked, which is final");
    case "overlapping":
      return invalidRequest(
        "overlap_seconds: too many earlier keys still overlap; a shorter overlap ends them",
      );
    default:
      return { type: "key_not_found" };
  }
}
