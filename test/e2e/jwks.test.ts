/** The JWKS over real sockets, on a clock that the tests set: their age, and what is answered while Stytch fails. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunningWorkers, serveBuilt } from "../../dev/built-worker.ts";
import { KEY_SECRET, PROJECT_ID, UPSTREAM_SECRET } from "../../dev/credentials.ts";
import { CLOCK_WORKER, setClock } from "./postern.ts";
import { type ScriptedResponse, useScriptedUpstream } from "./scripted-upstream.ts";

const JWKS = `/v1/b2b/sessions/jwks/${PROJECT_ID}`;
const SET = '{"keys":[{"kty":"RSA","kid":"jwk-test-1"}],"status_code":200}';
const NEW_SET = SET.replace("jwk-test-1", "jwk-test-2");

const upstream = useScriptedUpstream();
let workers: RunningWorkers<"postern">;
let lines: string[] = [];
/** When the test began, in seconds of Postern's clock after the real time. */
let startSeconds = 0;

beforeAll(async () => {
  const vars = {
    STYTCH_PROJECT_ID: PROJECT_ID,
    STYTCH_SECRET: UPSTREAM_SECRET,
    STYTCH_BASE_URL: upstream.origin,
    KEY_SECRET,
  };
  const postern = { configPath: "wrangler.toml", wrapper: CLOCK_WORKER, vars };
  workers = await serveBuilt({ postern }, (line) => void lines.push(line));
});
afterAll(async () => await workers.stop());
beforeEach(async () => {
  // Whatever was known in the last test has expired.
  startSeconds += 100_000;
  await at(0);
  lines = [];
});

async function at(seconds: number): Promise<void> {
  await setClock(workers.origins.postern, (startSeconds + seconds) * 1_000);
}

async function read() {
  const response = await fetch(workers.origins.postern + JWKS);
  return {
    status: response.status,
    cache: response.headers.get("Cache-Control"),
    body: await response.text(),
  };
}
const HIDDEN = { status: 200, cache: "public, max-age=1", body: SET };
const ERROR = { "Content-Type": "text/html" };

async function readGoodSet(): Promise<void> {
  upstream.respond = () => ({ body: SET });
  expect(await read()).toMatchObject({ status: 200, body: SET });
}

test.each<[string, ScriptedResponse]>([
  ["503", { status: 503, headers: ERROR, body: "<html>" }],
  ["429", { status: 429, headers: { "Retry-After": "1" }, body: "{}" }],
  ["401", { status: 401, body: '{"error_type":"unauthorized_credentials","error_message":"No."}' }],
  ["an empty 404", { status: 404, body: "" }],
  ["an empty set", { body: '{"keys":[]}' }],
  ["a set that is no list", { body: '{"keys":{}}' }],
  ["HTML", { headers: ERROR, body: "<html>" }],
])("905 s after a good set, with Stytch at %s, that set is answered with max-age=1", async (_, response) => {
  await readGoodSet();
  upstream.respond = () => response;
  await at(905);
  expect(await read()).toEqual(HIDDEN);
  expect(upstream.requests.length).toBeGreaterThan(1);
  await expect.poll(() => lines.at(-1)).toContain('"degraded":["upstream"]');
  await at(4_490);
  expect(await read()).toEqual(HIDDEN);
  await at(4_501);
  expect((await read()).status).toBeGreaterThan(500);
  upstream.respond = () => ({ body: NEW_SET });
  await at(4_510);
  expect(await read()).toMatchObject({ status: 200, body: NEW_SET });
});

test("an empty set is an error if no other is known, and is not kept", async () => {
  upstream.respond = () => ({ body: '{"keys":[]}' });
  expect(await read()).toMatchObject({ status: 502, cache: "no-store" });
  await at(2);
  await readGoodSet();
});

test("the max-age is 1 in the last second of a set, and Stytch is not asked", async () => {
  await readGoodSet();
  await at(899.2);
  expect(await read()).toEqual(HIDDEN);
  expect(upstream.requests).toHaveLength(1);
});
