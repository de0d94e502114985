/**
 * GET /v1/b2b/sessions/jwks/{project_id}: the public keys that the Go and Java SDKs fetch as they start. No key is needed, so
 * what it may cost is bounded: an isolate asks Stytch once in 15 minutes, and once in a second while Stytch fails.
 */
import { z } from "zod";
import { ageSeconds } from "../cache/freshness.ts";
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import { fetchJwks } from "../stytch/client.ts";
import { jsonAnswer } from "./answer.ts";

/** What Stytch itself says of them: `public, max-age=900`. */
const FRESH_SECONDS = 900;
const ASK_AGAIN_MS = 1_000;

/** RFC 7517 §5, in Stytch's envelope. */
const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

export interface JwksMemory {
  kept?: { readonly body: Uint8Array<ArrayBuffer>; readonly fetchedAt: number };
  failed?: { readonly failure: Failure; readonly at: number };
}

export async function readJwks(
  call: Call,
  memory: JwksMemory,
  projectId: string,
): Promise<Response | Failure> {
  if (projectId !== call.config.stytch.projectId) return { type: "route_not_found" };
  const now = Date.now();
  if (memory.kept !== undefined && now - memory.kept.fetchedAt < FRESH_SECONDS * 1_000) {
    return jwksAnswer(memory.kept, now);
  }
  if (memory.failed !== undefined && now - memory.failed.at < ASK_AGAIN_MS) return memory.failed.failure;
  const fetched = await fetchJwks(call.config, Jwks);
  call.line.upstream = fetched.call;
  const answered = Date.now();
  if (fetched.failure === undefined) {
    memory.kept = { body: fetched.body, fetchedAt: answered };
    return jwksAnswer(memory.kept, answered);
  }
  if (fetched.detail !== undefined) call.line.upstream_detail = fetched.detail;
  const failure: Failure = fetched.failure === "absent" ? { type: "route_not_found" } : fetched.failure;
  memory.failed = { failure, at: answered };
  return failure;
}

function jwksAnswer(kept: NonNullable<JwksMemory["kept"]>, now: number): Response {
  const left = FRESH_SECONDS - ageSeconds(kept.fetchedAt, now);
  return jsonAnswer(kept.body, { "Cache-Control": `public, max-age=${left}` });
}
