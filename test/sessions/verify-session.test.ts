/** Which claims make a token the session of a member of this project: every other genuine token is of another kind. */
import { expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { NOW, useClock } from "../support/clock.ts";
import {
  IMPERSONATED_FACTOR,
  ORGANIZATION_CLAIM,
  SESSION_CLAIM,
  sessionClaims,
} from "../support/session-tokens.ts";
import { expectInvalid, impostor, signer, useSigners, verify } from "../support/session-verifier.ts";
import { TEST_VARS } from "../support/vars.ts";

useClock();
useSigners();

const PROJECT = TEST_VARS.STYTCH_PROJECT_ID;
const SECONDS = NOW / 1_000;

test("a session JWT of Stytch is the session of its member", async () => {
  const claims = sessionClaims(NOW);
  expect(await verify(await signer.sign(claims))).toEqual({
    ok: true,
    value: {
      sessionId: (claims[SESSION_CLAIM] as Json)["id"],
      memberId: claims["sub"],
      organizationId: (claims[ORGANIZATION_CLAIM] as Json)["organization_id"],
      issuedAt: SECONDS,
      expiresAt: SECONDS + 300,
      isImpersonated: false,
    },
  });
});

test.each<[string, Json]>([
  ["the project as its only audience", { aud: PROJECT }],
  ["the project as one of its audiences", { aud: ["https://api.example", PROJECT] }],
  ["a custom domain as its issuer", { iss: "https://login.acme.example" }],
  ["no nbf", { nbf: undefined }],
  ["claims of the operator's own", { plan: "gold", aud2: "x", "https://acme.example/roles": [] }],
  ["an ID that is no UUID", { sub: "member-test-legacy" }],
  ["a fraction of a second in its times", { iat: SECONDS - 0.5, nbf: SECONDS - 0.5, exp: SECONDS + 0.5 }],
  ["a clock that is 5 s ahead", { iat: SECONDS + 5, nbf: SECONDS + 5 }],
  ["an end that was 4 s ago", { iat: SECONDS - 304, nbf: SECONDS - 304, exp: SECONDS - 4 }],
  ["an iat of long ago, which is the policy's to judge", { iat: SECONDS - 90_000 }],
])("a token with %s is accepted", async (_, fields) => {
  expect(await verify(await signer.sign(sessionClaims(NOW, fields)))).toMatchObject({ ok: true });
});

test("a token without typ is accepted", async () => {
  expect(await verify(await signer.sign(sessionClaims(NOW), { typ: undefined }))).toMatchObject({ ok: true });
});

test.each<[string, Json]>([
  ["another audience", { aud: ["project-test-33333333-3333-4333-8333-333333333333"] }],
  ["the project of the other environment as audience", { aud: [PROJECT.replace("test", "live")] }],
  ["no audience", { aud: undefined }],
  ["an empty audience", { aud: [] }],
  ["the audience in another case", { aud: [PROJECT.toUpperCase()] }],
  ["an audience that begins with the project", { aud: [`${PROJECT}0`] }],
  ["an audience inside an object", { aud: { 0: PROJECT } }],
  ["an audience inside an array of arrays", { aud: [[PROJECT]] }],
  ["another issuer", { iss: "stytch.com/project-test-33333333-3333-4333-8333-333333333333" }],
  ["an issuer with a slash after it", { iss: "https://login.acme.example/" }],
  ["no issuer", { iss: undefined }],
  ["an issuer inside an array", { iss: [`stytch.com/${PROJECT}`] }],
  ["no exp", { exp: undefined }],
  ["a null exp", { exp: null }],
  ["an exp that is text", { exp: `${SECONDS + 300}` }],
  ["an exp in an array", { exp: [SECONDS + 300] }],
  ["no iat", { iat: undefined }],
  ["an iat that is text", { iat: `${SECONDS}` }],
  ["an iat 6 s ahead", { iat: SECONDS + 6 }],
  ["an nbf 6 s ahead", { nbf: SECONDS + 6 }],
  ["an nbf that is text", { nbf: "0" }],
  ["a null nbf", { nbf: null }],
  ["an iat in milliseconds", { iat: NOW, exp: NOW + 300_000 }],
  ["a negative iat", { iat: -1 }],
  ["no subject", { sub: undefined }],
  ["a consumer user as its subject", { sub: "user-test-11111111-1111-4111-8111-111111111111" }],
  ["a machine as its subject", { sub: "m2m-client-test-1" }],
  ["an array as its subject", { sub: ["member-test-1"] }],
  ["an object as its subject", { sub: { startsWith: "member-" } }],
  ["a subject in another case", { sub: "Member-test-1" }],
  ["a subject with a space before it", { sub: " member-test-1" }],
  ["a subject with a slash", { sub: "member-test-1/../2" }],
  ["a subject with a control character", { sub: "member-test-1\u0000" }],
  ["a subject that is only a prefix", { sub: "member-" }],
  ["a subject that is much too long", { sub: `member-${"x".repeat(300)}` }],
  ["no session claim", { [SESSION_CLAIM]: undefined }],
  ["a null session claim", { [SESSION_CLAIM]: null }],
  ["a session claim that is text", { [SESSION_CLAIM]: "member-session-test-1" }],
  ["a session claim that is an array", { [SESSION_CLAIM]: [{ id: "member-session-test-1" }] }],
  ["a session claim without an ID", { [SESSION_CLAIM]: {} }],
  ["a session claim with an empty ID", { [SESSION_CLAIM]: { id: "" } }],
  ["a session claim whose ID is a number", { [SESSION_CLAIM]: { id: 1 } }],
  ["a session claim under http", { [SESSION_CLAIM]: undefined, "http://stytch.com/session": { id: "x" } }],
  [
    "factors that are no list",
    { [SESSION_CLAIM]: { id: "member-session-test-1", authentication_factors: { 0: IMPERSONATED_FACTOR } } },
  ],
  ["no organization claim", { [ORGANIZATION_CLAIM]: undefined }],
  ["a null organization claim", { [ORGANIZATION_CLAIM]: null }],
  ["an organization claim that is text", { [ORGANIZATION_CLAIM]: "organization-test-1" }],
  ["an organization claim that is an array", { [ORGANIZATION_CLAIM]: [{ organization_id: "x" }] }],
  ["an organization claim without an ID", { [ORGANIZATION_CLAIM]: { slug: "acme" } }],
  ["an organization claim with an empty ID", { [ORGANIZATION_CLAIM]: { organization_id: "" } }],
  ["an organization claim with a list of IDs", { [ORGANIZATION_CLAIM]: { organization_id: ["a"] } }],
  ["an organization ID with a slash", { [ORGANIZATION_CLAIM]: { organization_id: "a/b" } }],
  ["an organization claim without a prefix", { [ORGANIZATION_CLAIM]: undefined, organization_id: "a" }],
  ["a client_id beside its session claim", { client_id: "connected-app-test-1" }],
  ["a scope beside its session claim", { scope: "openid" }],
  ["an empty client_id and scope", { client_id: "", scope: "" }],
  ["a null client_id", { client_id: null }],
  ["a null scope", { scope: null }],
])("a token with %s is invalid, though the project signed it", async (_, fields) => {
  await expectInvalid(await signer.sign(sessionClaims(NOW, fields)));
});

test.each<[string, Json]>([
  [
    "a machine (M2M)",
    {
      sub: "m2m-client-test-1",
      client_id: "m2m-client-test-1",
      scope: "read:users",
      [SESSION_CLAIM]: undefined,
      [ORGANIZATION_CLAIM]: undefined,
    },
  ],
  [
    "a Connected App",
    { client_id: "connected-app-test-1", scope: "openid profile", [SESSION_CLAIM]: undefined },
  ],
  [
    "a consumer user",
    { sub: "user-test-11111111-1111-4111-8111-111111111111", [ORGANIZATION_CLAIM]: undefined },
  ],
])("a token of %s is no session", async (_, fields) => {
  await expectInvalid(await signer.sign(sessionClaims(NOW, fields)));
});

test("times that are no finite numbers are invalid", async () => {
  const claims = JSON.stringify(sessionClaims(NOW));
  const header = JSON.stringify({ alg: "RS256", kid: signer.kid, typ: "JWT" });
  for (const [claim, value] of [
    ["exp", "1e999"],
    ["exp", "-1e999"],
    ["iat", "-1e999"],
    ["nbf", "-1e999"],
    ["exp", "1e300"],
    ["exp", "9007199254740993"],
  ]) {
    const payload = claims.replace(new RegExp(`"${claim}":\\d+`), `"${claim}":${value}`);
    expect(payload).toContain(`"${claim}":${value}`);
    expect(await verify(await signer.signTexts(header, payload))).toMatchObject({ ok: false });
  }
});

test("the last of two claims or parameters of a name counts (RFC 7519 §4)", async () => {
  const claims = JSON.stringify(sessionClaims(NOW));
  const twice = (before: string, after: string) => `{${before}${claims.slice(1, -1)}${after}}`;
  const header = JSON.stringify({ alg: "RS256", kid: signer.kid, typ: "JWT" });
  const first = await signer.signTexts(header, twice('"sub":"user-test-1",', ""));
  expect(await verify(first)).toMatchObject({ ok: true });
  for (const after of [',"sub":"user-test-1"', ',"aud":["x"]', ',"exp":null', `,"${SESSION_CLAIM}":null`]) {
    await expectInvalid(await signer.signTexts(header, twice("", after)));
  }
  for (const after of [',"alg":"none"', ',"alg":"HS256"', ',"typ":"at+jwt"', ',"kid":""']) {
    const text = `${header.slice(0, -1)}${after}}`;
    await expectInvalid(await signer.signTexts(text, claims));
  }
});

test("a token whose claims come from the prototype of an object is invalid", async () => {
  const { [SESSION_CLAIM]: session, ...others } = sessionClaims(NOW);
  const payload = `{"__proto__":${JSON.stringify({ [SESSION_CLAIM]: session })},${JSON.stringify(others).slice(1)}`;
  const header = JSON.stringify({ alg: "RS256", kid: signer.kid, typ: "JWT" });
  await expectInvalid(await signer.signTexts(header, payload));
});

test("an authentic token past its end has expired; a forged one is invalid", async () => {
  const ended = sessionClaims(NOW - 305_000);
  expect(await verify(await signer.sign(ended))).toEqual({ ok: false, failure: "expired_session" });
  await expectInvalid(await impostor.sign(ended));
  await expectInvalid(await signer.sign({ ...ended, aud: ["another"] }));
  await expectInvalid(await signer.sign({ ...ended, scope: "openid" }));
  await expectInvalid(await signer.sign({ ...ended, [SESSION_CLAIM]: undefined }));
});

test("an authentic token past its end has expired, whichever of two keys with its kid signed it", async () => {
  const token = await signer.sign(sessionClaims(NOW - 305_000));
  for (const keys of [
    [impostor.jwk, signer.jwk],
    [signer.jwk, impostor.jwk],
  ]) {
    expect(await verify(token, { keys })).toEqual({ ok: false, failure: "expired_session" });
  }
});

test("a session with an impersonated factor is told", async () => {
  const factors = sessionClaims(NOW)[SESSION_CLAIM] as Json;
  const [magicLink] = factors["authentication_factors"] as Json[];
  const cases: [unknown, boolean][] = [
    [[IMPERSONATED_FACTOR], true],
    [[magicLink, IMPERSONATED_FACTOR], true],
    [[{ type: "impersonated" }], true],
    [[{ impersonated_factor: {} }], true],
    [[{ ...magicLink, impersonated_factor: null }], false],
    [[magicLink], false],
    [[], false],
    [undefined, false],
  ];
  for (const [authentication_factors, isImpersonated] of cases) {
    const token = await signer.sign(sessionClaims(NOW, {}, { authentication_factors }));
    expect(await verify(token)).toMatchObject({ ok: true, value: { isImpersonated } });
  }
});
