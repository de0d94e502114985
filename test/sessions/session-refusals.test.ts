/** How sessions are refused, and what a refusal costs. */
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { objectsThat } from "../support/fakes.ts";
import { organizationPath } from "../support/paths.ts";
import { createSigner, encodeText, IMPERSONATED_FACTOR, SESSION_CLAIM } from "../support/session-tokens.ts";
import { memberClaims, useSessions } from "../support/sessions.ts";

const NOTHING = { kvReads: 0, kvWrites: 0, objects: {} };

const clock = useClock();
const setUp = useSessions();

const pathOf = () => organizationPath(setUp.world.organization);

async function expectRefused(response: Response, errorType: string): Promise<void> {
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ status_code: 401, error_type: errorType });
  expect(response.headers.get("WWW-Authenticate")).toBe(
    'Bearer realm="postern", error="invalid_token", Basic realm="postern", charset="UTF-8"',
  );
  expect(response.headers.get("Vary")).toBe("Authorization");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
}

test("without a policy, every session is invalid and Stytch is not asked", async () => {
  const token = await setUp.token();
  for (const path of [pathOf(), "/whoami"])
    await expectRefused(await setUp.read(path, token), "invalid_session");
  expect(setUp.world.upstream.requests).toEqual([]);
});

test("when the policy is deleted, a session that was verified is refused within LEASE_SECONDS", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const elsewhere = createIsolate();
  for (const isolate of [setUp.isolate, elsewhere]) {
    expect((await isolate.call(pathOf(), { key: token })).status).toBe(200);
  }
  await setUp.isolate.admin("DELETE", "/admin/session-policy");
  await expectRefused(await setUp.read(pathOf(), token), "invalid_session");
  clock.at(5);
  await expectRefused(await elsewhere.call(pathOf(), { key: token }), "invalid_session");
  await setUp.allow();
  clock.at(10);
  expect((await elsewhere.call(pathOf(), { key: token })).status).toBe(200);
});

test("a session as the password of Basic is no key", async () => {
  await setUp.allow();
  const token = await setUp.token();
  for (const userPass of [`project:${token}`, `${token}:`, `:${token}`]) {
    const response = await setUp.isolate.call(pathOf(), {
      headers: { Authorization: `Basic ${btoa(userPass)}` },
    });
    await expectRefused(response, "invalid_key");
  }
});

test("a session in another header, a cookie or the query is not read", async () => {
  const token = await setUp.token();
  const headers = { Cookie: `stytch_session_jwt=${token}`, "X-Stytch-Session": token };
  const response = await setUp.isolate.call(`${pathOf()}?session_jwt=${token}`, { headers });
  expect(await response.json()).toMatchObject({ error_type: "missing_key" });
});

test("a text that has not the form of a token costs nothing, and neither has one of 8,193 characters", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const [header = "", payload, signature] = token.split(".");
  const isolate = createIsolate();
  const texts = [
    "eyJa.b.c",
    `${token}.`,
    `${token}=`,
    `${header}.${payload}`,
    `${token}, Bearer ${token}`,
    `${header}.${payload}.`,
    `${header}.${"A".repeat(8_192 - header.length)}.${signature}`,
    "eyJ",
  ];
  for (const text of texts) {
    await expectRefused(await isolate.call(pathOf(), { key: text }), "invalid_session");
  }
  expect(isolate.counts).toEqual(NOTHING);
  expect(setUp.world.upstream.requests).toEqual([]);
});

test("a forgery costs a warm isolate no I/O, and is never let in by what was verified before", async () => {
  await setUp.allow();
  const token = await setUp.token();
  expect((await setUp.read(pathOf(), token)).status).toBe(200);
  const impostor = await createSigner(setUp.signer.kid);
  const claims = memberClaims(setUp.world);
  const [header, payload = "", signature] = token.split(".");
  const forgeries = [
    await impostor.sign(claims),
    `${encodeText('{"alg":"none","typ":"JWT"}')}.${payload}.`,
    `${encodeText(JSON.stringify({ alg: "none", kid: setUp.signer.kid }))}.${payload}.${signature}`,
    `${header}.${encodeText(JSON.stringify(claims))}.${signature}`,
    await setUp.signer.sign({ ...claims, aud: ["project-test-33333333-3333-4333-8333-333333333333"] }),
    await setUp.signer.sign({ ...claims, iss: "https://attacker.example" }),
    await setUp.signer.sign({ ...claims, exp: undefined }),
    await setUp.signer.sign({ ...claims, scope: "openid", client_id: "connected-app-test-1" }),
    await setUp.signer.sign({ ...claims, [SESSION_CLAIM]: undefined }),
    await setUp.signer.sign(claims, { typ: "at+jwt" }),
    await setUp.signer.sign(claims, { jku: "https://attacker.example/jwks" }),
    await setUp.signer.sign(claims, { kid: undefined }),
    await setUp.token({}, { authentication_factors: [IMPERSONATED_FACTOR] }),
  ];
  setUp.isolate.resetCounts();
  setUp.world.upstream.requests.length = 0;
  for (const forgery of forgeries)
    await expectRefused(await setUp.read(pathOf(), forgery), "invalid_session");
  expect(setUp.isolate.counts).toEqual(NOTHING);
  expect(setUp.world.upstream.requests).toEqual([]);
});

test("a token expires 5 s after its exp, also in an isolate that has verified it", async () => {
  await setUp.allow({ max_age_seconds: 3_600 });
  const token = await setUp.token();
  await setUp.read(pathOf(), token);
  clock.at(304);
  expect((await setUp.read(pathOf(), token)).status).toBe(200);
  clock.at(305);
  for (const isolate of [setUp.isolate, createIsolate(), setUp.isolate]) {
    await expectRefused(await isolate.call(pathOf(), { key: token }), "expired_session");
  }
});

test("a token that is older than the policy allows has expired", async () => {
  await setUp.allow({ max_age_seconds: 60 });
  const token = await setUp.token();
  await setUp.read(pathOf(), token);
  clock.at(60);
  expect((await setUp.read(pathOf(), token)).status).toBe(200);
  clock.at(61);
  for (const isolate of [setUp.isolate, createIsolate()]) {
    await expectRefused(await isolate.call(pathOf(), { key: token }), "expired_session");
  }
});

test("an impersonated session is let in only while the policy allows it", async () => {
  await setUp.allow({ allow_impersonation: true });
  const token = await setUp.token({}, { authentication_factors: [IMPERSONATED_FACTOR] });
  expect((await setUp.read(pathOf(), token)).status).toBe(200);
  await setUp.allow();
  await expectRefused(await setUp.read(pathOf(), token), "invalid_session");
});

test.each(["member_session_id", "member_id", "organization_id"] as const)(
  "a revocation by %s is in force in a second isolate within LEASE_SECONDS, and spares later tokens",
  async (name) => {
    await setUp.allow();
    const claims = memberClaims(setUp.world);
    const session = claims[SESSION_CLAIM] as Record<string, unknown>;
    const token = await setUp.signer.sign(claims);
    const elsewhere = createIsolate();
    expect((await elsewhere.call(pathOf(), { key: token })).status).toBe(200);
    const id = {
      member_session_id: session["id"],
      member_id: setUp.world.memberId,
      organization_id: setUp.world.organizationId,
    }[name];
    clock.atMs(2_500);
    const revoked = await setUp.isolate.admin("POST", "/admin/sessions/revoke", { [name]: id });
    expect(await revoked.json()).toEqual({ revoked: id });
    await expectRefused(await setUp.read(pathOf(), token), "revoked_session");
    clock.atMs(7_500);
    await expectRefused(await elsewhere.call(pathOf(), { key: token }), "revoked_session");
    await expectRefused(await createIsolate().call(pathOf(), { key: token }), "revoked_session");
    const stranger = await setUp.token({ sub: `member-test-${crypto.randomUUID()}` });
    const later = await setUp.token({}, { id: session["id"] });
    for (const good of [stranger, later]) {
      expect((await elsewhere.call(pathOf(), { key: good })).status).toBe(200);
    }
  },
);

test("failed checks count against the address, and genuine sessions that have ended do not", async () => {
  await setUp.allow();
  const counted: string[] = [];
  let isOver = false;
  const isolate = createIsolate({
    FAILED_AUTH_LIMITER: {
      limit: async ({ key }: { key: string }) => {
        counted.push(key);
        return { success: !isOver };
      },
    },
  });
  const headers = { "CF-Connecting-IP": "203.0.113.9" };
  const call = async (key: string) => await isolate.call(pathOf(), { key, headers });
  const token = await setUp.token();
  expect((await call(token)).status).toBe(200);
  await expectRefused(await call(await setUp.token({ exp: 1_799_999_000 })), "expired_session");
  expect(counted).toEqual([]);
  await expectRefused(await call(await setUp.token({ scope: "x" })), "invalid_session");
  await expectRefused(await call("eyJa.b.c"), "invalid_session");
  expect(counted).toEqual(["203.0.113.9", "203.0.113.9"]);
  isOver = true;
  expect((await call("eyJa.b.c")).status).toBe(429);
  expect((await call(token)).status).toBe(200);
});

test("503 key_service_unavailable if nobody can tell what the policy is, and the token is not verified", async () => {
  await setUp.allow();
  const isolate = createIsolate({ DIRECTORY: objectsThat.fail() });
  const response = await isolate.call(pathOf(), { key: await setUp.token() });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error_type: "key_service_unavailable" });
  expect(setUp.world.upstream.requests).toEqual([]);
});

test("no line of the log holds a token, an address or the ID of a member, whatever becomes of the call", async () => {
  await setUp.allow();
  const id = setUp.world.memberId;
  const tokens = [
    await setUp.token(),
    await setUp.token({ scope: "x" }),
    await setUp.token({ exp: 1 }),
    "a.b.c",
  ];
  for (const token of tokens) {
    for (const path of [
      pathOf(),
      "/whoami",
      `${pathOf()}/member?member_id=${id}&email_address=ada%40acme.example`,
      `/v1/b2b/organizations/members/dangerously_get/${id}`,
    ]) {
      await setUp.read(path, token);
    }
  }
  const text = JSON.stringify(logLines());
  expect(text).not.toMatch(/eyJ|ada@|ada%40|member-test|member-session/);
  expect(logLines().filter((line) => line["session"] === true)).toHaveLength(4);
});
