/**
 * What leaves Postern in a test in workerd, and the check of it: no response, log line or thrown error may contain a
 * secret or a key, no response may have a header that Postern does not set itself, and each is as `openapi.json` says. `guard.ts` runs the check.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { Organization } from "../../src/cache/object/organization.ts";
import { forgetIsolateState } from "../../src/isolate-state.ts";
import { member } from "./bodies.ts";
import { checkContract, type SeenAnswer } from "./contract-check.ts";
import { NEXT_KEY_SECRET, TEST_VARS } from "./vars.ts";

/** Every header that Postern sets. A header that only the upstream sets is not in this list. */
const HEADERS = new Set([
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "access-control-max-age",
  "age",
  "allow",
  "cache-control",
  "cache-status",
  "content-length",
  "content-type",
  "date",
  "etag",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "server-timing",
  "timing-allow-origin",
  "vary",
  "www-authenticate",
  "x-request-id",
]);

/** A key, or the token of a link that hands one over. */
const KEY = /pst_(?:test|live)_[0-9a-z]{16}_[0-9a-z]{50,64}|handover_[0-9a-z]{16}_[0-9a-z]{52}/;

/** The value of the console's cookie. */
const COOKIE = /v1\.\d{10}\.[0-9a-f]{64}/;

/** A session JWT, or the beginning of one. Nobody is answered with a token. */
const TOKEN = /eyJ[\w-]{10,}/;

/** The ID of a member or of a session. */
const MEMBER_ID = /member-(?:session-)?(?:test|live)-/;

const secrets = new Set<string>();
/** Declares a value that must never leave Postern, for example data of a member. */
export function declareSecret(value: string): void {
  secrets.add(value);
}
const { STYTCH_SECRET, KEY_SECRET, ADMIN_TOKEN } = TEST_VARS;
for (const value of [STYTCH_SECRET, KEY_SECRET, ADMIN_TOKEN, NEXT_KEY_SECRET]) declareSecret(value);
declareSecret(btoa(`${TEST_VARS.STYTCH_PROJECT_ID}:${TEST_VARS.STYTCH_SECRET}`));

/** The address of every member in tests. No log line may contain data of a member. */
const MEMBER_ADDRESS = String(member()["email_address"]);

let lines: string[] = [];
/** The first of `lines`, parsed: some tests look at all of them after each of hundreds of calls. */
let parsedLines: Record<string, unknown>[] = [];
let responses: (SeenAnswer & { readonly mayHoldKey: boolean })[] = [];

/** The parsed log lines since the test began. */
export function logLines(): Record<string, unknown>[] {
  for (const line of lines.slice(parsedLines.length))
    parsedLines.push(JSON.parse(line) as Record<string, unknown>);
  return [...parsedLines];
}

/** Records a response for the checks after the test. The caller keeps the response: the guard reads a clone. */
export async function guardResponse(
  { method, url }: Request,
  response: Response,
  mayHoldKey: boolean,
): Promise<Response> {
  const { status } = response;
  const headers = new Headers(response.headers);
  const body = await response.clone().text();
  responses.push({ method, path: new URL(url).pathname, status, headers, body, mayHoldKey });
  return response;
}

/** All objects of the run share one environment, and so one circuit breaker. */
let objectEnv: Env | undefined;

/**
 * For a test that plays several deployments: the objects begin with a state that knows nothing, such as a closed
 * circuit.
 */
export function forgetObjectState(): void {
  if (objectEnv !== undefined) forgetIsolateState(objectEnv);
}

/** Begins a test: forgets what left before, and records every line that is logged from now on. */
export async function recordEgress(): Promise<void> {
  objectEnv ??= await runInDurableObject(
    env.ORGANIZATION.getByName("any"),
    (object: Organization) => (object as unknown as { env: Env }).env,
  );
  forgetObjectState();
  lines = [];
  parsedLines = [];
  responses = [];
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    console[level] = (...args: unknown[]) => void lines.push(args.map(String).join(" "));
  }
}

/** Throws if anything that has left since `recordEgress`, or the test's errors, may not leave. */
export function checkEgress(errors: readonly unknown[]): void {
  checkText(JSON.stringify(errors), "a thrown error", false);
  for (const line of lines) {
    checkText(line, "a log line", false);
    refuse(line.includes(MEMBER_ADDRESS), "a log line holds a member's data");
    refuse(MEMBER_ID.test(line), "a log line holds the ID of a member");
  }
  for (const response of responses) {
    const { headers, body, mayHoldKey } = response;
    expect(checkContract(response)).toBeNull();
    const others = [...headers].filter(([, value]) => !/^(?:__Host-postern=|\/handover\/key$)/.test(value));
    expect(others.map(([name]) => name).filter((name) => !HEADERS.has(name))).toEqual([]);
    checkText(JSON.stringify(others), "a header", false);
    for (const [, value] of headers) checkSecrets(value, "a header");
    checkText(body, "a body", mayHoldKey);
  }
}

/** `expect` takes too long for what is looked at some hundred thousand times. */
function refuse(isWrong: boolean, what: string): void {
  if (isWrong) throw new Error(what);
}

function checkSecrets(text: string, place: string): void {
  for (const secret of secrets) refuse(text.includes(secret), `${place} holds a secret`);
}

function checkText(text: string, place: string, mayHoldKey: boolean): void {
  refuse(TOKEN.test(text), `${place} holds a token`);
  refuse(COOKIE.test(text), `${place} holds the console's cookie`);
  checkSecrets(text, place);
  refuse(!mayHoldKey && KEY.test(text), `${place} holds a key`);
}
