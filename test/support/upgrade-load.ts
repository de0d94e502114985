/** The load of `test/upgrade.test.ts`: calls of each kind, all at once, and what has come of them. */
import { env } from "cloudflare:workers";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { PUBLIC_KEYS_NAME } from "../../src/jwks/public-keys.ts";
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import { createKey, type TestIsolate } from "./deployment.ts";
import { memberPath, organizationPath } from "./paths.ts";
import { JWKS_PATH, jwksResponse, type SessionSetUp } from "./sessions.ts";
import { json } from "./upstream.ts";

export const LIMIT = { limit: 5, period_seconds: 60 };

type Kind =
  | "organization"
  | "organization by slug"
  | "organization by a session"
  | "organization that nobody has read"
  | "organization of a limited key"
  | "organization of another key"
  | "organization of a revoked key"
  | "metrics"
  | "member"
  | "whoami"
  | "JWKS"
  | "health";

interface Call {
  readonly kind: Kind;
  readonly path: string;
  readonly key?: string;
}

export interface Answer {
  readonly kind: Kind;
  readonly isolate: TestIsolate;
  readonly step: number;
  readonly status: number;
  /** The name of the organization that changes, if it is in the answer. */
  readonly name: string | null;
  /** Whether the call shows in the usage of the key `free`. */
  readonly isCounted: boolean;
}

export interface UpgradeLoad {
  readonly keyIds: Readonly<Record<"free" | "limited" | "bound" | "revoked", string>>;
  /** Makes a call of each kind, two with the limited key. Resolves when their work in the background is done, too. */
  send(isolate: TestIsolate, step: number): Promise<Answer[]>;
  /** All objects that the calls of a step use. */
  objectsOf(step: number): DurableObjectStub[];
}

export async function createUpgradeLoad(setUp: SessionSetUp, steps: number): Promise<UpgradeLoad> {
  const { isolate: operator, world } = setUp;
  const newcomers = Array.from({ length: steps }, () => organization());
  const newcomerOf = (step: number) => String(newcomers[step]?.["organization_id"]);
  world.upstream.answer(async ({ url }) => {
    // Long enough for an object to be reset meanwhile.
    await scheduler.wait(1);
    if (url.endsWith(JWKS_PATH)) return jwksResponse(setUp.keys);
    const newcomer = newcomers.find((one) => url.endsWith(String(one["organization_id"])));
    return newcomer === undefined ? world.respond(url) : json(organizationEnvelope(newcomer));
  });
  await setUp.allow();
  const token = await setUp.token();
  const scopes = ["organizations:read", "organizations:metrics", "members:dangerously_get"] as const;
  const free = await createKey(operator, scopes);
  const limited = await createKey(operator, scopes, { rate_limit: LIMIT });
  const bound = await createKey(operator, scopes, { organization_ids: [newcomerOf(0)] });
  const revoked = await createKey(operator);
  const keyIds = {
    free: free.keyId,
    limited: limited.keyId,
    bound: bound.keyId,
    revoked: revoked.keyId,
  };
  const path = organizationPath(world.organizationId);
  const names = [world.organizationId, world.slug, `${world.organizationId}/metrics`];

  const callsOf = (step: number): Call[] => [
    { kind: "organization", path, key: free.key },
    { kind: "organization by slug", path: organizationPath(world.slug), key: free.key },
    { kind: "organization by a session", path, key: token },
    { kind: "organization that nobody has read", path: organizationPath(newcomerOf(step)), key: free.key },
    { kind: "organization of a limited key", path, key: limited.key },
    { kind: "organization of a limited key", path, key: limited.key },
    { kind: "organization of another key", path, key: bound.key },
    { kind: "organization of a revoked key", path, key: revoked.key },
    { kind: "metrics", path: `${path}/metrics`, key: free.key },
    { kind: "member", path: memberPath(world.memberId), key: free.key },
    { kind: "whoami", path: "/whoami", key: free.key },
    { kind: "JWKS", path: JWKS_PATH },
    { kind: "health", path: "/healthz" },
  ];
  return {
    keyIds,
    send: async (isolate, step) =>
      await Promise.all(
        callsOf(step).map(async ({ kind, path: asked, key }) => {
          const response = await isolate.call(asked, key === undefined ? {} : { key });
          const body = await response.json<{ organization?: Json }>();
          const isOfWorld = body.organization?.["organization_id"] === world.organizationId;
          const name = isOfWorld ? String(body.organization?.["organization_name"]) : null;
          const isCounted = key === free.key && kind !== "whoami";
          return { kind, isolate, step, status: response.status, name, isCounted };
        }),
      ),
    objectsOf: (step) => [
      ...Object.values(keyIds).map((keyId) => env.API_KEY.getByName(keyId)),
      ...[...names, newcomerOf(step)].map((name) => env.ORGANIZATION.getByName(name)),
      getDirectory(env),
      env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME),
    ],
  };
}
