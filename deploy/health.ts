/** Waits until a deployment answers at its address. */
import { setTimeout as sleep } from "node:timers/promises";
import { DeployProblem, throwIfInterrupted } from "./problem.ts";

const CALL_TIMEOUT_MS = 5_000;
export const DEFAULT_INTERVAL_MS = 2_000;

/**
 * The origin among the addresses that wrangler names: one of workers.dev, or a custom domain. A route is a pattern, and
 * nobody can call that. Null if there is none.
 */
export function originOf(targets: readonly string[]): string | null {
  const workersDev = targets.find((target) => /^https?:\/\/[^/*\s]+$/.test(target));
  const customDomain = targets.map((target) => /^([^/*\s]+) \(custom domain\b/.exec(target)?.[1]);
  const host = customDomain.find((name) => name !== undefined);
  return host === undefined ? (workersDev ?? null) : `https://${host}`;
}

/**
 * Resolves when `/healthz` says that the configuration is valid. A new address may need a minute, and the previous version
 * may answer at first: every other answer is asked again until `waitMs` is over. Then throws a DeployProblem.
 */
export async function waitForHealth(
  origin: string,
  { waitMs, intervalMs, signal }: { waitMs: number; intervalMs: number; signal: AbortSignal },
): Promise<void> {
  const endAt = Date.now() + waitMs;
  let last = await askHealth(origin, signal);
  while (last !== "ok") {
    throwIfInterrupted(signal);
    if (Date.now() + intervalMs > endAt) throw new DeployProblem(problemOf(origin, last, waitMs));
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
    last = await askHealth(origin, signal);
  }
}

async function askHealth(origin: string, signal: AbortSignal): Promise<string> {
  throwIfInterrupted(signal);
  try {
    const response = await fetch(`${origin}/healthz`, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    });
    const body = (await response.json().catch(() => null)) as { status?: string; error_type?: string } | null;
    if (response.status === 200 && body?.status === "ok") return "ok";
    return body?.error_type === "misconfigured" ? "misconfigured" : `status ${response.status}`;
  } catch {
    return "no answer";
  }
}

function problemOf(origin: string, last: string, waitMs: number): string {
  const start = `The deployment took place, but after ${waitMs / 1000} s ${origin}/healthz`;
  if (last === "misconfigured") {
    return (
      `${start} says that its configuration is not right. npx wrangler tail shows the variable (problems) at the next ` +
      "request. If STYTCH_PROJECT_ID is missing, run npm run deploy -- --project-id <ID>."
    );
  }
  const reason = last === "no answer" ? "does not answer" : `answers with ${last}`;
  return (
    `${start} ${reason}. A new address may need some minutes: try curl ${origin}/healthz. ` +
    "If something stands in front of it, such as Cloudflare Access, let /healthz pass."
  );
}
