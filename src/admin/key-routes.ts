/** The admin API of keys. Who may call it has been settled before. */
import * as z from "zod";
import type { Failure } from "../errors.ts";
import type { ApiKey, MutationResult } from "../keys/api-key.ts";
import { createKeyId, issueKey } from "../keys/key-format.ts";
import { KeyCreation, KeyEdit, type KeyRecord, KeyRotation, toPublicRecord } from "../keys/record.ts";
import { hourText, USAGE_RETENTION_HOURS } from "../keys/usage.ts";
import type { RequestContext } from "../request-context.ts";
import { callIdempotent, callOnce } from "./object-calls.ts";
import { readPage } from "./pagination.ts";
import { invalidRequest, readBody, readQuery, wholeNumberParameter } from "./request.ts";

/** 201 with the record and, this once, the key. */
export async function createKey(context: RequestContext): Promise<Response | Failure> {
  const body = await readBody(context, KeyCreation);
  if (body.failure !== undefined) return body.failure;
  const keyId = createKeyId();
  context.entry.key_id = keyId;
  const { region } = body.value;
  // Where an object is first asked for is where it stays.
  const placement = region === null ? {} : { locationHint: region };
  const object = context.env.API_KEY.getByName(keyId, placement);
  const record = await callOnce(context, "key_object", async () => await object.create(keyId, body.value));
  return record.failure ?? (await answerWithKey(context, record.value, 201));
}

/** 200 with a page of records, newest first. */
export async function listKeys(context: RequestContext): Promise<Response | Failure> {
  const page = await readPage(
    context,
    async (directory, limit, after) => await directory.listKeys(limit, after),
  );
  if (page.failure !== undefined) return page.failure;
  const now = Date.now();
  return Response.json({
    keys: page.items.map((record) => toPublicRecord(record, now)),
    next_cursor: page.next_cursor,
  });
}

/** 200 with the record as its own object has it. */
export async function showKey(context: RequestContext, keyId: string): Promise<Response | Failure> {
  const object = objectOf(context, keyId);
  if (object === null) return { type: "key_not_found" };
  const record = await callIdempotent(context, "key_object", object, async (key) => await key.record());
  return record.failure ?? answer(record.value);
}

/** 200 with the record; in force everywhere within `LEASE_SECONDS`, like every change. */
export async function editKey(context: RequestContext, keyId: string): Promise<Response | Failure> {
  const object = objectOf(context, keyId);
  if (object === null) return { type: "key_not_found" };
  const body = await readBody(context, KeyEdit);
  if (body.failure !== undefined) return body.failure;
  const changed = await callOnce(context, "key_object", async () => await object().edit(body.value));
  if (changed.failure !== undefined) return changed.failure;
  const { record, refusal } = changed.value;
  return record === null ? refusalOf(refusal) : answer(record);
}

/** 200 with the record and, this once, the new key. */
export async function rotateKey(context: RequestContext, keyId: string): Promise<Response | Failure> {
  const object = objectOf(context, keyId);
  if (object === null) return { type: "key_not_found" };
  const body = await readBody(context, KeyRotation, {});
  if (body.failure !== undefined) return body.failure;
  const { overlap_seconds } = body.value;
  const changed = await callOnce(context, "key_object", async () => await object().rotate(overlap_seconds));
  if (changed.failure !== undefined) return changed.failure;
  const { record, refusal } = changed.value;
  return record === null ? refusalOf(refusal) : await answerWithKey(context, record, 200);
}

/** 200 with the record, revoked for good. */
export async function revokeKey(context: RequestContext, keyId: string): Promise<Response | Failure> {
  const object = objectOf(context, keyId);
  if (object === null) return { type: "key_not_found" };
  // A second revocation changes nothing, so it may be tried again.
  const record = await callIdempotent(context, "key_object", object, async (key) => await key.revoke());
  return record.failure ?? answer(record.value);
}

const UsageQuery = z.strictObject({ hours: wholeNumberParameter(1, USAGE_RETENTION_HOURS, 24) });

/** 200 with the counts of the hours that had traffic, the oldest first. */
export async function showUsage(context: RequestContext, keyId: string): Promise<Response | Failure> {
  const object = objectOf(context, keyId);
  if (object === null) return { type: "key_not_found" };
  const query = readQuery(context, UsageQuery);
  if (query.failure !== undefined) return query.failure;
  const { hours } = query.value;
  const counts = await callIdempotent(context, "key_object", object, async (key) => await key.usage(hours));
  if (counts.failure !== undefined) return counts.failure;
  if (counts.value === null) return { type: "key_not_found" };
  return Response.json({
    key_id: keyId,
    hours: counts.value.map(({ hour, requests, rate_limited }) => ({
      hour: hourText(hour),
      requests,
      rate_limited,
    })),
  });
}

/** Gives the key's object, anew each time; null where this cannot be the ID of a key: then there is no object to wake for it. */
function objectOf(context: RequestContext, keyId: string): (() => DurableObjectStub<ApiKey>) | null {
  if (!/^[0-9a-z]{16}$/.test(keyId)) return null;
  context.entry.key_id = keyId;
  return () => context.env.API_KEY.getByName(keyId);
}

function answer(record: KeyRecord | null): Response | Failure {
  return record === null ? { type: "key_not_found" } : Response.json(toPublicRecord(record, Date.now()));
}

async function answerWithKey(
  context: RequestContext,
  record: KeyRecord,
  status: 200 | 201,
): Promise<Response> {
  const key = await issueKey(context.config, record.key_id, record.generation);
  return Response.json({ ...toPublicRecord(record, Date.now()), key }, { status });
}

function refusalOf(refusal: MutationResult["refusal"]): Failure {
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
