/**
 * GET /v1/b2b/sessions/jwks/{project_id}: the public keys that the Go and Java SDKs fetch as they start. From the memory of the isolate,
 * or from the one object that asks Stytch for them.
 */

import { readIdentifier } from "../api/identifier-parameter.ts";
import { jsonAnswer } from "../api/response.ts";
import type { Failure } from "../errors.ts";
import { callObject } from "../platform/durable-object.ts";
import { type Call, noteDegraded } from "../request-context.ts";
import { isCurrent, JWKS_FRESH_MS, type JwksRead, PUBLIC_KEYS } from "./public-keys.ts";

/** Beyond the upstream's own deadline, in ms: the way to the object and back. */
const OBJECT_MARGIN_MS = 1_000;

export interface JwksMemory {
  last?: JwksRead;
}

export async function readJwks(call: Call, memory: JwksMemory, segment: string): Promise<Response | Failure> {
  if (readIdentifier(segment) !== call.config.stytch.projectId) return { type: "route_not_found" };
  const last = await readKept(call, memory);
  if (last.failure !== undefined) return last.failure;
  const left = Math.max(0, Math.floor((last.at + JWKS_FRESH_MS - Date.now()) / 1_000));
  return jsonAnswer(last.body, { "Cache-Control": `public, max-age=${left}` });
}

async function readKept(call: Call, memory: JwksMemory): Promise<JwksRead> {
  if (memory.last !== undefined && isCurrent(memory.last, Date.now())) return memory.last;
  const read = await readThrough(call);
  call.line.upstream = read.call;
  if (read.failure !== undefined && read.detail !== undefined) call.line.upstream_detail = read.detail;
  // A failure that comes late does not take the place of what another request was told meanwhile.
  const { last } = memory;
  if (
    read.failure !== undefined &&
    last?.failure === undefined &&
    last !== undefined &&
    isCurrent(last, Date.now())
  ) {
    return last;
  }
  memory.last = read;
  return read;
}

/** Where the object fails nobody else asks: without a key there is nobody to hold to account for what it costs. */
async function readThrough(call: Call): Promise<JwksRead> {
  const { env, config } = call;
  try {
    return await callObject(
      () => env.PUBLIC_KEYS.getByName(PUBLIC_KEYS, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(),
      config.stytch.timeoutMs + OBJECT_MARGIN_MS,
    );
  } catch {
    noteDegraded(call, "public_keys_object");
    return { at: Date.now(), call: null, failure: { type: "upstream_unavailable" } };
  }
}
