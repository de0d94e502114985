/** The public keys that verify sessions: what is fetched, how often, and what happens without them. */
import { evictAllDurableObjects } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { skipRetryDelays } from "../support/failing-upstream.ts";
import { objectsThat } from "../support/fakes.ts";
import { organizationPath } from "../support/paths.ts";
import { createSigner } from "../support/session-tokens.ts";
import { JWKS_PATH, jwksResponse, memberClaims, useSessions } from "../support/sessions.ts";
import { deferred, stytchError } from "../support/upstream.ts";

const clock = useClock();
const setUp = useSessions();

const pathOf = () => organizationPath(setUp.world.organization);
const errorOf = async (response: Response) => (await response.json<{ error_type: string }>()).error_type;
/** A genuine token, but for the name of its key. */
const strange = async () =>
  await setUp.signer.sign(memberClaims(setUp.world), { kid: `jwk-test-${crypto.randomUUID()}` });

/** Stytch answers with its keys when the returned promise is resolved. */
function holdKeys() {
  const answered = deferred<void>();
  setUp.world.upstream.answer(async ({ url }) => {
    if (!url.endsWith(JWKS_PATH)) return setUp.world.respond(url);
    await answered.promise;
    return jwksResponse(setUp.keys);
  });
  return answered;
}

test("a flood of unknown kids causes one fetch of the JWKS a minute, in cold and warm isolates", async () => {
  await setUp.allow();
  const isolates = [setUp.isolate, createIsolate(), createIsolate()];
  for (const [minute, fetches] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    for (const seconds of [0, 15, 30, 45]) {
      clock.at(minute * 60 + seconds);
      const tokens = await Promise.all(Array.from({ length: 12 }, strange));
      const responses = await Promise.all(
        tokens.map(async (key, index) => await isolates[index % 3]?.call(pathOf(), { key })),
      );
      for (const response of responses) {
        expect(response?.status).toBe(401);
        expect(await response?.json()).toMatchObject({ error_type: "invalid_session" });
      }
      expect(setUp.jwksRequests()).toBe(fetches);
    }
  }
});

test("an isolate does not ask the object about each unknown kid", async () => {
  await setUp.allow();
  expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(200);
  setUp.isolate.resetCounts();
  for (let call = 0; call < 20; call += 1) await setUp.read(pathOf(), await strange());
  expect(setUp.isolate.counts.objects).toEqual({ read: 1 });
});

test("a key that Stytch has just made verifies at once, for all who come with it", async () => {
  await setUp.allow();
  expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(200);
  const next = await createSigner();
  setUp.keys = [setUp.signer.jwk, next.jwk];
  const calls = Array.from({ length: 10 }, async () => {
    const token = await next.sign(memberClaims(setUp.world));
    return (await setUp.read(pathOf(), token)).status;
  });
  expect(await Promise.all(calls)).toEqual(Array(10).fill(200));
  expect(setUp.jwksRequests()).toBe(2);
});

test("an unknown kid right after one that Stytch had causes no second fetch within a minute", async () => {
  await setUp.allow();
  await setUp.read(pathOf(), await setUp.token());
  const next = await createSigner();
  setUp.keys = [setUp.signer.jwk, next.jwk];
  const token = await next.sign(memberClaims(setUp.world));
  expect((await setUp.read(pathOf(), token)).status).toBe(200);
  const askedOnce = setUp.jwksRequests();
  for (const seconds of [1, 30, 59.9]) {
    clock.at(seconds);
    expect((await createIsolate().call(pathOf(), { key: await strange() })).status).toBe(401);
  }
  expect(setUp.jwksRequests()).toBe(askedOnce);
});

test("a trickle of unknown kids causes one fetch a minute, though the object loses its memory", async () => {
  await setUp.allow();
  await setUp.read(pathOf(), await setUp.token());
  expect(setUp.jwksRequests()).toBe(1);
  for (const [seconds, fetches] of [
    [1, 2],
    [15, 2],
    [30, 2],
    [50, 2],
    [61, 3],
  ] as const) {
    clock.at(seconds);
    await evictAllDurableObjects();
    expect((await setUp.read(pathOf(), await strange())).status).toBe(401);
    expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(200);
    expect([seconds, setUp.jwksRequests()]).toEqual([seconds, fetches]);
  }
});

test("a key that Stytch has just made verifies a minute after an unknown kid was asked for in vain", async () => {
  await setUp.allow();
  await setUp.read(pathOf(), await strange());
  const next = await createSigner();
  setUp.keys = [setUp.signer.jwk, next.jwk];
  clock.at(60);
  expect((await setUp.read(pathOf(), await next.sign(memberClaims(setUp.world)))).status).toBe(200);
});

test("a key that Stytch has withdrawn verifies no new token once the JWKS are refreshed", async () => {
  await setUp.allow();
  await setUp.read(pathOf(), await setUp.token());
  const next = await createSigner();
  setUp.keys = [next.jwk];
  clock.at(899);
  expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(200);
  clock.at(960);
  expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(401);
  expect((await setUp.read(pathOf(), await next.sign(memberClaims(setUp.world)))).status).toBe(200);
});

test.each([
  ["answers 500", () => stytchError(500, "internal_server_error")],
  ["refuses Postern", () => stytchError(401, "unauthorized_credentials")],
  ["has no keys", () => jwksResponse([])],
])("503 upstream_unavailable, never 401, if Stytch %s and no keys are known", async (_, answer) => {
  await setUp.allow();
  setUp.world.upstream.answer(answer);
  const tokens = [await setUp.token(), await strange()];
  for (const token of tokens) {
    const response = await setUp.read(pathOf(), token);
    expect(response.status).toBe(503);
    expect(await errorOf(response)).toBe("upstream_unavailable");
  }
});

test("503 upstream_unavailable if the object of the public keys fails and no keys are known", async () => {
  await setUp.allow();
  const isolate = createIsolate({ PUBLIC_KEYS: objectsThat.fail() });
  const response = await isolate.call(pathOf(), { key: await setUp.token() });
  expect(response.status).toBe(503);
  expect(await errorOf(response)).toBe("upstream_unavailable");
});

test("while Stytch fails, known keys verify new tokens for CACHE_STALE_IF_ERROR_SECONDS", async () => {
  skipRetryDelays();
  await setUp.allow();
  await setUp.read(pathOf(), await setUp.token());
  setUp.world.upstream.answer(({ url }) =>
    url.endsWith(JWKS_PATH) ? stytchError(503, "unavailable") : setUp.world.respond(url),
  );
  for (const seconds of [900, 4_499]) {
    clock.at(seconds);
    expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(200);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["upstream"] });
    // Nobody knows better.
    expect((await setUp.read(pathOf(), await strange())).status).toBe(401);
  }
  clock.at(4_500);
  expect((await setUp.read(pathOf(), await setUp.token())).status).toBe(503);
});

test("those who wait for an unknown kid are answered when the object fails", async () => {
  await setUp.allow();
  const answered = deferred<void>();
  const isolate = createIsolate({
    PUBLIC_KEYS: {
      getByName: () => ({
        read: async (kid: string | null) => {
          if (kid === null || kid !== setUp.signer.kid) await answered.promise;
          return kid === setUp.signer.kid
            ? { set: { receivedAt: Date.now(), body: encodeKeys() }, call: null }
            : await Promise.reject(new Error("the platform fails"));
        },
      }),
    },
  });
  const encodeKeys = () => new TextEncoder().encode(JSON.stringify({ keys: setUp.keys }));
  expect((await isolate.call(pathOf(), { key: await setUp.token() })).status).toBe(200);
  const calls = [await strange(), await strange(), await strange()].map(
    async (key) => (await isolate.call(pathOf(), { key })).status,
  );
  answered.resolve();
  expect(await Promise.all(calls)).toEqual([401, 401, 401]);
});

test("a policy that was removed while a token waited for the keys refuses it", async () => {
  await setUp.allow();
  const keys = holdKeys();
  const waiting = setUp.read(pathOf(), await setUp.token());
  await vi.waitFor(() => expect(setUp.jwksRequests()).toBe(1));
  await setUp.isolate.admin("DELETE", "/admin/session-policy");
  keys.resolve();
  const response = await waiting;
  expect([response.status, await errorOf(response)]).toEqual([401, "invalid_session"]);
});

test.each([
  [
    "a revocation",
    "revoked_session",
    async () => {
      const body = { member_id: setUp.world.memberId };
      return await createIsolate().admin("POST", "/admin/sessions/revoke", body);
    },
  ],
  [
    "a removal of the policy",
    "invalid_session",
    async () => await createIsolate().admin("DELETE", "/admin/session-policy"),
  ],
])("%s elsewhere refuses a token that waited for the keys for a lease", async (_, errorType, change) => {
  await setUp.allow();
  const keys = holdKeys();
  const waiting = createIsolate().call(pathOf(), { key: await setUp.token() });
  await vi.waitFor(() => expect(setUp.jwksRequests()).toBe(1));
  expect((await change()).status).toBe(200);
  clock.at(5);
  keys.resolve();
  const response = await waiting;
  expect([response.status, await errorOf(response)]).toEqual([401, errorType]);
  expect(setUp.reads()).toEqual([]);
});

test("the JWKS endpoint and sessions share one set", async () => {
  await setUp.allow();
  await setUp.isolate.call(JWKS_PATH);
  await setUp.read(pathOf(), await setUp.token());
  expect((await setUp.isolate.call(JWKS_PATH)).status).toBe(200);
  expect(setUp.jwksRequests()).toBe(1);
});
