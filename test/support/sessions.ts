/** The set-up of tests of sessions: Stytch with one organization and its keys, a policy, and a member's token. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach } from "vitest";
import { PUBLIC_KEYS_NAME } from "../../src/jwks/public-keys.ts";
import type { Json } from "./bodies.ts";
import { createIsolate, type TestIsolate } from "./deployment.ts";
import { emptyDirectory } from "./directory.ts";
import { createSigner, ORGANIZATION_CLAIM, sessionClaims, type TokenSigner } from "./session-tokens.ts";
import { createStytchWorld, type StytchWorld } from "./stytch-world.ts";
import { json } from "./upstream.ts";
import { TEST_VARS } from "./vars.ts";

export const JWKS_PATH = `/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`;

export interface SessionSetUp {
  isolate: TestIsolate;
  world: StytchWorld;
  signer: TokenSigner;
  /** What Stytch answers as its JWKS. */
  keys: Json[];
  /** Sets the session policy; both scopes by default. */
  allow(policy?: Json): Promise<void>;
  /** A token of the member of `world`, issued now, with other claims. */
  token(fields?: Json, ofSession?: Json): Promise<string>;
  /** Reads a path with a token, by this isolate. */
  read(path: string, token: string, headers?: Record<string, string>): Promise<Response>;
  /** How often Stytch was asked for the JWKS. */
  jwksRequests(): number;
  /** All other requests that Stytch had. */
  reads(): string[];
}

/** Call it after `useClock`. Nothing is cached, and there is no policy yet. */
export function useSessions(): SessionSetUp {
  const setUp = {
    allow: async (policy: Json = {}) => {
      const body = { scopes: ["organizations:read", "members:read"], ...policy };
      const response = await setUp.isolate.admin("PUT", "/admin/session-policy", body);
      if (response.status !== 200) throw new Error(await response.text());
    },
    token: async (fields: Json = {}, ofSession: Json = {}) =>
      await setUp.signer.sign(memberClaims(setUp.world, fields, ofSession)),
    read: async (path: string, token: string, headers: Record<string, string> = {}) =>
      await setUp.isolate.call(path, { key: token, headers }),
    jwksRequests: () => setUp.world.upstream.requests.filter(({ url }) => url.endsWith(JWKS_PATH)).length,
    reads: () =>
      setUp.world.upstream.requests
        .map(({ url }) => url.replace(TEST_VARS.STYTCH_BASE_URL, ""))
        .filter((path) => path !== JWKS_PATH),
  } as SessionSetUp;
  beforeAll(async () => {
    setUp.signer = await createSigner();
  });
  beforeEach(async () => {
    await emptyDirectory();
    setUp.world = createStytchWorld();
    setUp.keys = [setUp.signer.jwk];
    setUp.world.upstream.answer(({ url }) =>
      url.endsWith(JWKS_PATH) ? jwksResponse(setUp.keys) : setUp.world.respond(url),
    );
    setUp.isolate = createIsolate();
  });
  // The JWKS of the project are in one object, and the policy in another.
  afterEach(async () => {
    await emptyDirectory();
    await runInDurableObject(env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME), async (_, { storage }) => {
      await storage.deleteAll();
    });
    await evictAllDurableObjects();
  });
  return setUp;
}

export const jwksResponse = (keys: Json[]) =>
  json({ keys, request_id: "request-id-test-1", status_code: 200 });

/** The claims of a token that Stytch issues to the member of `world` now. */
export function memberClaims(world: StytchWorld, fields: Json = {}, ofSession: Json = {}): Json {
  const organization = { organization_id: world.organizationId, slug: world.slug };
  return sessionClaims(
    Date.now(),
    { sub: world.memberId, [ORGANIZATION_CLAIM]: organization, ...fields },
    ofSession,
  );
}
