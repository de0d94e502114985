/** Texts that are no session JWT of the project, whatever they claim. */
import { expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { NOW, useClock } from "../support/clock.ts";
import { encodeBytes, encodeText, sessionClaims } from "../support/session-tokens.ts";
import { expectInvalid, impostor, signer, useSigners, verify } from "../support/session-verifier.ts";

useClock();
useSigners();

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
