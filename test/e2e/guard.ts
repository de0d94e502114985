/**
 * The egress guard on sockets: runs around every test of Postern from outside. No answer to any client, the SDK's among them, and no error that
 * one throws may hold a secret of the deployment; log lines are looked at when the server stops (`dev/sandboxed-postern.ts`).
 */
import { afterEach, expect } from "vitest";
import { SECRETS } from "../../dev/credentials.ts";

interface Guarded {
  /** Paths of answers that held a secret. All files of the project share one process. */
  leaks?: string[];
}

function guardFetch(): string[] {
  const leaks: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const answer = await real(input, init);
    const url = new URL(answer.url);
    // The sandbox is Stytch's side of it: what it was sent is its own business.
    if (!url.pathname.startsWith("/_sandbox/")) {
      const text = JSON.stringify([...answer.headers]) + (await answer.clone().text());
      if (SECRETS.some((secret) => text.includes(secret))) leaks.push(url.pathname);
    }
    return answer;
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
