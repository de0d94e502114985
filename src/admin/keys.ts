/** The admin API of keys: issue, list, show, revoke. Who may call it has been settled before. */
import { z } from "zod";
import { parseJson, readAtMost } from "../bounds.ts";
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import { DIRECTORY } from "../keys/api-key.ts";
import { makeKey, newKeyId } from "../keys/key-format.ts";
import { KeyCreation, type KeyRecord, shown } from "../keys/record.ts";
import type { Cursor } from "./directory.ts";

const MOST_BODY_BYTES = 64 * 1024;
/** Of a key that has not been rotated. */
const FIRST_GENERATION = 1;

/** 201 with the record and, this once, the key. */
export async function createKey(call: Call): Promise<Response | Failure> {
  const bytes = await readAtMost(MOST_BODY_BYTES, call.request.body);
  if (bytes === undefined) return invalid(`the body must have at most ${MOST_BODY_BYTES} bytes`);
  const json = parseJson(bytes);
  if (json === undefined) return invalid("the body must be JSON");
  const body = KeyCreation.safeParse(json);
  if (!body.success) return invalid(problemOf(body.error));

  const now = Date.now();
  const at = new Date(now).toISOString();
  const record: KeyRecord = {
    key_id: newKeyId(),
    ...body.data,
    created_at: at,
    updated_at: at,
    revoked_at: null,
  };
  call.line.key_id = record.key_id;
  await call.env.API_KEY.getByName(record.key_id).create(record);
  const key = await makeKey(call.config, record.key_id, FIRST_GENERATION);
  return Response.json({ ...shown(record, now), key }, { status: 201 });
}

/** 200 with a page of records, newest first. */
export async function listKeys(call: Call): Promise<Response | Failure> {
  const query = Object.fromEntries(new URL(call.request.url).searchParams);
  const page = Page.safeParse(query);
  if (!page.success) return invalid(problemOf(page.error));
  const { records, next } = await call.env.DIRECTORY.getByName(DIRECTORY).list(
    page.data.limit,
    page.data.cursor,
  );
  const now = Date.now();
  return Response.json({
    keys: records.map((record) => shown(record, now)),
    next_cursor: next === null ? null : encodeCursor(next),
  });
}

/** 200 with the record as its own object has it. */
export async function showKey(call: Call, _isolate: unknown, keyId: string): Promise<Response | Failure> {
  if (!KEY_ID.test(keyId)) return { type: "key_not_found" };
  call.line.key_id = keyId;
  const { record } = await call.env.API_KEY.getByName(keyId).lease();
  return answer(record);
}

/** 200 with the record, revoked: in force everywhere within `LEASE_SECONDS`. */
export async function revokeKey(call: Call, _isolate: unknown, keyId: string): Promise<Response | Failure> {
  if (!KEY_ID.test(keyId)) return { type: "key_not_found" };
  call.line.key_id = keyId;
  return answer(await call.env.API_KEY.getByName(keyId).revoke(new Date().toISOString()));
}

function answer(record: KeyRecord | null): Response | Failure {
  return record === null ? { type: "key_not_found" } : Response.json(shown(record, Date.now()));
}

const KEY_ID = /^[0-9a-z]{16}$/;

const Page = z.strictObject({
  limit: z.coerce
    .number("must be a whole number from 1 to 200")
    .refine(
      (limit) => Number.isInteger(limit) && limit >= 1 && limit <= 200,
      "must be a whole number from 1 to 200",
    )
    .default(50),
  cursor: z
    .string()
    .transform((text, context) => {
      const cursor = decodeCursor(text);
      if (cursor === null) context.addIssue("must be the next_cursor of another page");
      return cursor;
    })
    .nullable()
    .default(null),
});

function encodeCursor(cursor: Cursor): string {
  return btoa(`${cursor.createdAt} ${cursor.keyId}`).replaceAll("=", "");
}

function decodeCursor(text: string): Cursor | null {
  try {
    const [, createdAt, keyId] = /^(\S+) ([0-9a-z]{16})$/.exec(atob(text)) ?? [];
    return createdAt === undefined || keyId === undefined ? null : { createdAt, keyId };
  } catch {
    return null;
  }
}

const invalid = (message: string): Failure => ({ type: "invalid_request", message });

/** The first problem, with the field that has it. Values are not repeated. */
function problemOf(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return "the body is invalid";
  if (issue.code === "unrecognized_keys") return `${issue.keys.join(", ")}: unknown field`;
  const path = issue.path.join(".");
  return path === "" ? "the body must be a JSON object" : `${path}: ${issue.message}`;
}
