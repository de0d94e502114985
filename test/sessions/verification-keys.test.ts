/** Which keys of a JWKS verify sessions. */
import { expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createSigner, sessionClaims } from "../support/session-tokens.ts";
import { expectInvalid, impostor, signer, useSigners, verify } from "../support/session-verifier.ts";

useClock();
useSigners();

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
