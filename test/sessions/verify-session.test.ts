/** Which texts are session JWTs of a member of this project: every other one is a forgery or another kind of token. */
import { beforeAll, expect, test } from "vitest";
import { parseVerificationKeys } from "../../src/sessions/verification-keys.ts";
import { type SessionExpectations, verifySession } from "../../src/sessions/verify-session.ts";
import type { Json } from "../support/bodies.ts";
import { NOW, useClock } from "../support/clock.ts";
import {
  createSigner,
  encodeBytes,
  encodeText,
  IMPERSONATED_FACTOR,
  ORGANIZATION_CLAIM,
  SESSION_CLAIM,
  sessionClaims,
  type TokenSigner,
} from "../support/session-tokens.ts";
import { TEST_VARS } from "../support/vars.ts";

useClock();

const PROJECT = TEST_VARS.STYTCH_PROJECT_ID;
const EXPECTED: SessionExpectations = {
  projectId: PROJECT,
  issuers: [`stytch.com/${PROJECT}`, "https://login.acme.example"],
};
const SECONDS = NOW / 1_000;

let signer: TokenSigner;
let impostor: TokenSigner;
beforeAll(async () => {
  signer = await createSigner();
  // It claims the name of the project's key.
  impostor = await createSigner(signer.kid);
});

const verify = async (token: string, jwks: unknown = { keys: [signer.jwk] }) =>
  await verifySession(token, parseVerificationKeys(encodeJson(jwks)), EXPECTED, Date.now());
const encodeJson = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function expectInvalid(token: string, jwks?: unknown): Promise<void> {
  expect(await verify(token, jwks)).toEqual({ ok: false, failure: "invalid_session" });
}

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

test.each<[string, Json]>([
  ["typ at+jwt", { typ: "at+jwt" }],
  ["typ application/at+jwt", { typ: "application/at+jwt" }],
  ["a null typ", { typ: null }],
  ["a list as typ", { typ: ["JWT"] }],
  ["no kid", { kid: undefined }],
  ["a null kid", { kid: null }],
  ["an empty kid", { kid: "" }],
  ["a number as kid", { kid: 1 }],
  ["a list as kid", { kid: ["jwk"] }],
  ["alg in lower case", { alg: "rs256" }],
  ["alg RS512", { alg: "RS512" }],
  ["alg PS256", { alg: "PS256" }],
  ["no alg", { alg: undefined }],
  ["a list as alg", { alg: ["RS256"] }],
  ["crit", { crit: ["exp"], exp: 1 }],
  ["an empty crit", { crit: [] }],
  ["crit of b64", { crit: ["b64"], b64: true }],
  ["b64 false", { crit: ["b64"], b64: false }],
  ["b64 without crit", { b64: false }],
  ["jku", { jku: "https://attacker.example/jwks" }],
  ["x5u", { x5u: "https://attacker.example/x5u" }],
  ["x5c", { x5c: ["MIIB"] }],
  ["a jwk of its own", { jwk: { kty: "RSA" } }],
])("a header with %s is invalid, though the project signed it", async (_, header) => {
  await expectInvalid(await signer.sign(sessionClaims(NOW), header));
});

test("alg none is invalid, with a signature and without, in every spelling", async () => {
  const [, payload = "", signature = ""] = (await signer.sign(sessionClaims(NOW))).split(".");
  for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
    const header = encodeText(JSON.stringify({ alg, kid: signer.kid, typ: "JWT" }));
    for (const signed of ["", signature]) await expectInvalid(`${header}.${payload}.${signed}`);
  }
});

test("HS256 with the public key as its secret is invalid", async () => {
  const header = encodeText(JSON.stringify({ alg: "HS256", kid: signer.kid, typ: "JWT" }));
  const signed = `${header}.${encodeText(JSON.stringify(sessionClaims(NOW)))}`;
  const secrets = [
    JSON.stringify(signer.jwk),
    String(signer.jwk["n"]),
    JSON.stringify({ keys: [signer.jwk] }),
  ];
  for (const secret of secrets) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const bytes = new TextEncoder().encode(secret);
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
    const oct = { kty: "oct", k: encodeText(secret), kid: signer.kid };
    for (const keys of [[signer.jwk], [oct], [{ ...oct, alg: "HS256" }], [oct, signer.jwk]]) {
      await expectInvalid(`${signed}.${encodeBytes(mac)}`, { keys });
    }
  }
});

test("another key's signature is invalid under the kid of the project's key, and with its own key embedded", async () => {
  await expectInvalid(await impostor.sign(sessionClaims(NOW)));
  await expectInvalid(await impostor.sign(sessionClaims(NOW), { jwk: impostor.jwk }));
  await expectInvalid(await impostor.sign(sessionClaims(NOW), { jku: "https://attacker.example" }));
});

test("a changed payload, header or signature is invalid", async () => {
  const [header = "", payload = "", signature = ""] = (await signer.sign(sessionClaims(NOW))).split(".");
  const stranger = encodeText(JSON.stringify(sessionClaims(NOW)));
  const otherHeader = encodeText(JSON.stringify({ typ: "JWT", alg: "RS256", kid: signer.kid }));
  for (const token of [
    `${header}.${stranger}.${signature}`,
    `${otherHeader}.${payload}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
    `${header}.${payload}.${signature.slice(0, -1)}`,
    `${header}.${payload}.${signature}AAAA`,
    `${header}.${payload}.`,
    `${header}.${payload}.${encodeBytes(new Uint8Array(256))}`,
  ]) {
    await expectInvalid(token);
  }
});

test("a token has one spelling: no other encoding of the same bytes is accepted", async () => {
  const token = await signer.sign(sessionClaims(NOW));
  const [header, payload, signature = ""] = token.split(".");
  // The signature has 256 bytes: of the six bits of its last character, four mean nothing.
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(signature.at(-1) ?? "");
  for (const offset of [1, 7, 15]) {
    await expectInvalid(`${header}.${payload}.${signature.slice(0, -1)}${alphabet[last + offset]}`);
  }
  for (const other of [
    `${token}==`,
    `${token}=`,
    `${header}=.${payload}.${signature}`,
    `${token} `,
    ` ${token}`,
    `${token}\n`,
    `${header} .${payload}.${signature}`,
    `${token}.`,
    `.${token}`,
    `${token}.${signature}`,
    `${header}..${payload}.${signature}`,
    `${header}.${payload}`,
    `${token}, ${token}`,
    `${token},Bearer ${token}`,
    `${header}.${payload}.${signature.slice(0, 100)}\u0000${signature.slice(100)}`,
    `${header}.${payload}.${signature.replace(/.$/, "é")}`,
    `"${token}"`,
    `${header}.${payload}.${signature.slice(0, -2)}%3D`,
  ]) {
    await expectInvalid(other);
  }
});

test("the standard alphabet of base64 is no base64url", async () => {
  for (;;) {
    const token = await signer.sign(sessionClaims(NOW));
    const standard = token.replaceAll("-", "+").replaceAll("_", "/");
    if (standard === token) continue;
    await expectInvalid(standard);
    return;
  }
});

test.each([
  "",
  ".",
  "..",
  "...",
  "a.b.c",
  "e30.e30.",
  "e30.e30.e30",
  "null",
  "é.é.é",
  "\u0000.\u0000.\u0000",
])("the text '%s' is invalid", async (text) => {
  await expectInvalid(text);
});

test.each([
  ["no JSON", "{"],
  ["null", "null"],
  ["a list", "[]"],
  ["text", '"claims"'],
  ["a number", "1"],
  ["an empty text", ""],
  ["an empty object", "{}"],
  ["a byte order mark", `\uFEFF${"{}"}`],
  ["10,000 lists in each other", "[".repeat(1_000) + "]".repeat(1_000)],
])("a payload that is %s is invalid, though the project signed it", async (_, payload) => {
  const header = JSON.stringify({ alg: "RS256", kid: signer.kid, typ: "JWT" });
  await expectInvalid(await signer.signTexts(header, payload));
  await expectInvalid(await signer.signTexts(payload, JSON.stringify(sessionClaims(NOW))));
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

test("a kid that the set does not have is unknown, whatever it looks like", async () => {
  for (const kid of [
    "other",
    "../../etc/passwd",
    "' OR 1=1 --",
    "__proto__",
    `${signer.kid} `,
    "x".repeat(500),
  ]) {
    expect(await verify(await signer.sign(sessionClaims(NOW), { kid }))).toEqual({
      ok: false,
      failure: "unknown_kid",
    });
  }
});

test.each<[string, (jwk: Json) => unknown]>([
  ["another use", (jwk) => ({ ...jwk, use: "enc" })],
  ["another alg", (jwk) => ({ ...jwk, alg: "RS512" })],
  ["a null alg", (jwk) => ({ ...jwk, alg: null })],
  ["operations without verify", (jwk) => ({ ...jwk, key_ops: ["encrypt"] })],
  ["another type", (jwk) => ({ ...jwk, kty: "EC", crv: "P-256", x: "AA", y: "AA" })],
  ["a symmetric type", (jwk) => ({ ...jwk, kty: "oct", k: jwk["n"] })],
  ["no kid", (jwk) => ({ ...jwk, kid: undefined })],
  ["a number as kid", (jwk) => ({ ...jwk, kid: 1 })],
])("a key with %s verifies nothing", async (_, change) => {
  const token = await signer.sign(sessionClaims(NOW));
  expect(await verify(token, { keys: [change(signer.jwk)] })).toMatchObject({ ok: false });
});

test("a key without use, alg and operations verifies RS256, and nothing else", async () => {
  const { kty, n, e, kid } = signer.jwk;
  const jwks = { keys: [{ kty, n, e, kid }] };
  expect(await verify(await signer.sign(sessionClaims(NOW)), jwks)).toMatchObject({ ok: true });
  await expectInvalid(await signer.sign(sessionClaims(NOW), { alg: "RS512" }), jwks);
});

test("an RSA key of 1,024 bits, and one without its numbers, verify nothing", async () => {
  const short = await createSigner(undefined, 1_024);
  await expectInvalid(await short.sign(sessionClaims(NOW)), { keys: [short.jwk] });
  const token = await signer.sign(sessionClaims(NOW));
  for (const numbers of [{ n: "" }, { e: "" }, { n: undefined }, { n: 1 }, { n: "!" }]) {
    await expectInvalid(token, { keys: [{ ...signer.jwk, ...numbers }] });
  }
});

test("of several keys with one kid, whichever signed verifies", async () => {
  const token = await signer.sign(sessionClaims(NOW));
  for (const keys of [
    [impostor.jwk, signer.jwk],
    [signer.jwk, impostor.jwk],
    [{ ...signer.jwk, n: "AQAB" }, signer.jwk],
  ]) {
    expect(await verify(token, { keys })).toMatchObject({ ok: true });
  }
  const stranger = await createSigner(signer.kid);
  await expectInvalid(await stranger.sign(sessionClaims(NOW)), { keys: [impostor.jwk, signer.jwk] });
});

test("a set with a key of tomorrow beside a good one verifies", async () => {
  const token = await signer.sign(sessionClaims(NOW));
  const keys = [
    { kty: "AKP", kid: "pq", alg: "ML-DSA-99" },
    { kty: "OKP", kid: signer.kid, crv: "Ed25519" },
  ];
  expect(await verify(token, { keys: [...keys, signer.jwk] })).toMatchObject({ ok: true });
});

test("8,192 characters are verified, and 8,193 are refused", async () => {
  expect(await verify(await tokenOf(8_192))).toMatchObject({ ok: true });
  await expectInvalid(await tokenOf(8_193));
});

/** A genuine token with this many characters. No base64 text has a length of 4n + 1, so one of these headers fits. */
async function tokenOf(length: number): Promise<string> {
  const claims = sessionClaims(NOW);
  for (const header of [{}, { x: "1" }, { x: "12" }, { x: "123" }]) {
    const missing = length - (await signer.sign(claims, header)).length;
    const estimate = Math.floor((missing * 3) / 4) - 12;
    for (let padding = estimate; padding < estimate + 16; padding += 1) {
      const token = await signer.sign({ ...claims, pad: "x".repeat(padding) }, header);
      if (token.length === length) return token;
    }
  }
  throw new Error("no header fits");
}
