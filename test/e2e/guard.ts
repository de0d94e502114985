/**
 * Egress guard for the tests that call Postern on sockets. It runs around each of them: no response to any client (the
 * SDKs included) and no error of a test may contain a secret of the deployment, and every answer of Postern is as
 * `openapi.json` says. Log lines are checked when the server stops (`dev/sandboxed-postern.ts`).
 */
import { afterEach, expect } from "vitest";
import { servedOrigins } from "../../dev/built-worker.ts";
import { SECRETS } from "../../dev/credentials.ts";
import { checkContract } from "../support/contract-check.ts";

interface Findings {
  /** Paths of responses that contained a secret. */
  readonly leaks: string[];
  /** How answers of Postern differ from `openapi.json`. */
  readonly differences: string[];
}

interface Guarded {
  /** All files of the project share one process. */
  findings?: Findings;
}

function guardFetch(): Findings {
  const leaks: string[] = [];
  const differences: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const response = await real(input, init);
    const url = new URL(response.url);
    // A response of the sandbox may contain what Postern sent to Stytch.
    if (url.pathname.startsWith("/_sandbox/")) return response;
    const body = await response.clone().text();
    const text = JSON.stringify([...response.headers]) + body;
    if (SECRETS.some((secret) => text.includes(secret))) leaks.push(url.pathname);
    if (servedOrigins.get(url.origin) !== "wrangler.toml" || url.pathname === CLOCK_PATH) return response;
    const method = init?.method ?? (input instanceof Request ? input.method : "GET");
    const { status, headers } = response;
    const difference = checkContract({ method, path: url.pathname, status, headers, body });
    if (difference !== null) differences.push(difference);
    return response;
  };
  return { leaks, differences };
}

/** The path by which a test moves the clock (`test/support/clock-worker.ts`). */
const CLOCK_PATH = "/_clock";

const guarded = globalThis as Guarded;
guarded.findings ??= guardFetch();
const { findings } = guarded;

afterEach(({ task }) => {
  expect(findings.leaks).toEqual([]);
  // Emptied, so that the tests after the one that failed do not fail for it.
  expect(findings.differences.splice(0)).toEqual([]);
  const errors = JSON.stringify(task.result?.errors ?? []);
  expect(SECRETS.some((secret) => errors.includes(secret))).toBe(false);
});
