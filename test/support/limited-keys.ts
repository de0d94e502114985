/** The set-up of tests about limited keys: one organization at Stytch, and the isolate of an operator. */
import { beforeEach } from "vitest";
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "./deployment.ts";
import { organizationPath } from "./paths.ts";
import { json, stubUpstream, type Upstream } from "./upstream.ts";

export interface LimitedKeys {
  /** Anew for each test, as `upstream` is: to be read from here within the test. */
  readonly operator: TestIsolate;
  readonly upstream: Upstream;
  /** What Stytch answers by default. */
  respond(): Response;
  /** The path of the organization. */
  readonly path: string;
  /** Issues a key with this limit. */
  create(limit: number, period_seconds: number, fields?: Json): Promise<{ key: string; keyId: string }>;
  /** Changes the limit of a key; null lifts it. */
  edit(keyId: string, limit: { limit: number; period_seconds: number } | null): Promise<void>;
}

/** To be called at the top of a file, after `useClock`. */
export function useLimitedKeys(): LimitedKeys {
  const body = organization();
  const respond = () => json(organizationEnvelope(body));
  let operator: TestIsolate;
  let upstream: Upstream;
  beforeEach(() => {
    upstream = stubUpstream(respond);
    operator = createIsolate();
  });
  return {
    get operator() {
      return operator;
    },
    get upstream() {
      return upstream;
    },
    respond,
    path: organizationPath(body),
    create: async (limit, period_seconds, fields = {}) =>
      await createKey(operator, ["organizations:read"], { rate_limit: { limit, period_seconds }, ...fields }),
    edit: async (keyId, rate_limit) => {
      await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit });
    },
  };
}

/** Makes `calls` calls, `everyMs` apart on the clock of the test. */
export async function callEvery(
  everyMs: number,
  calls: number,
  call: () => Promise<Response>,
  advanceMs: (ms: number) => void,
): Promise<Response[]> {
  const answers: Response[] = [];
  for (let i = 0; i < calls; i += 1) {
    answers.push(await call());
    advanceMs(everyMs);
  }
  return answers;
}
