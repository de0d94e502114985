/** An isolate that serves sessions, reduced to what it knows of the policy and of revocations. */
import { createExecutionContext } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { isolateStateOf } from "../../src/isolate-state.ts";
import { countSessionCall, readSessionPolicy } from "../../src/sessions/read-session-policy.ts";
import { isRevoked, type RevocableSession } from "../../src/sessions/revocations.ts";
import { createWorker } from "../../src/worker.ts";
import { TEST_VARS } from "./vars.ts";

/** Creates an isolate with nothing in memory. `overrides` replace variables and bindings. */
export function createSessionIsolate(overrides: Record<string, unknown> = {}) {
  const env = { ...bindings, ...overrides } as Env;
  const parsed = isolateStateOf(env);
  if (!parsed.ok) throw new Error("misconfigured");
  const state = parsed.value;
  const background: Promise<unknown>[] = [];
  const degraded: string[] = [];
  const context = {
    state,
    config: state.config,
    log: { degraded: (part: string) => void degraded.push(part) },
    waitUntil: (work: Promise<unknown>) => void background.push(work),
  };
  return {
    state,
    /** What was logged as degraded. */
    degraded,
    /** As `readSessionPolicy`: a promise only if there is I/O. */
    read: () => readSessionPolicy(context),
    /** A call of the admin API that arrives at this isolate. */
    admin: async (method: string, path: string, body?: unknown) =>
      await createWorker(() => 0).fetch(
        new Request(`https://postern.test${path}`, {
          method,
          headers: { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
        env,
        createExecutionContext(),
      ),
    count: (admitted = true) => countSessionCall(context, admitted),
    /** Reads the policy as a call would, and tells whether the token has been revoked. */
    async isRevoked(session: RevocableSession): Promise<boolean> {
      const policy = await readSessionPolicy(context);
      if (!policy.ok) throw new Error(policy.failure.type);
      return isRevoked(state, session);
    },
    /** Resolves when all work in the background is done. */
    settle: async () => void (await Promise.all(background.splice(0))),
  };
}

/** A session whose token was issued at this time, in ms since the epoch. */
export function sessionAt(issuedAtMs: number, fields: Partial<RevocableSession> = {}): RevocableSession {
  return {
    sessionId: `session-test-${crypto.randomUUID()}`,
    memberId: `member-test-${crypto.randomUUID()}`,
    organizationId: `organization-test-${crypto.randomUUID()}`,
    issuedAt: Math.floor(issuedAtMs / 1_000),
    ...fields,
  };
}
