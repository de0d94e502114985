/**
 * Egress guard for the tests that call Postern on sockets. It runs around each of them: no response to any client (the
 * SDKs included) and no error of a test may contain a secret of the deployment. Log lines are checked when the server
 * stops (`dev/sandboxed-postern.ts`).
 */
import { afterEach, expect } from "vitest";
import { SECRETS } from "../../dev/credentials.ts";

interface Guarded {
  /** Paths of responses that contained a secret. All files of the project share one process. */
  leaks?: string[];
}

function guardFetch(): string[] {
  const leaks: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const response = await real(input, init);
    const url = new URL(response.url);
    // A response of the sandbox may contain what Postern sent to Stytch.
    if (!url.pathname.startsWith("/_sandbox/")) {
      const text = JSON.stringify([...response.headers]) + (await response.clone().text());
      if (SECRETS.some((secret) => text.includes(secret))) leaks.push(url.pathname);
    }
    return response;
  };
  return leaks;
}

const guarded = globalThis as Guarded;
guarded.leaks ??= guardFetch();

afterEach(({ task }) => {
  expect(guarded.leaks).toEqual([]);
  const errors = JSON.stringify(task.result?.errors ?? []);
  expect(SECRETS.some((secret) => errors.includes(secret))).toBe(false);
});
