/** Verifies tokens as an isolate does, against the keys of a signer of the project. */
import { beforeAll, expect } from "vitest";
import { parseVerificationKeys } from "../../src/sessions/verification-keys.ts";
import { type SessionExpectations, verifySession } from "../../src/sessions/verify-session.ts";
import { createSigner, type TokenSigner } from "./session-tokens.ts";
import { TEST_VARS } from "./vars.ts";

const PROJECT = TEST_VARS.STYTCH_PROJECT_ID;
const EXPECTED: SessionExpectations = {
  projectId: PROJECT,
  issuers: [`stytch.com/${PROJECT}`, "https://login.acme.example"],
};

/** The project's key, and one of somebody else who gives it the same name. */
export let signer: TokenSigner;
export let impostor: TokenSigner;

/** Makes both keys before the tests of a file. */
export function useSigners(): void {
  beforeAll(async () => {
    signer = await createSigner();
    impostor = await createSigner(signer.kid);
  });
}

/** `jwks`: the project's key alone by default. */
export const verify = async (token: string, jwks: unknown = { keys: [signer.jwk] }) =>
  await verifySession(token, parseVerificationKeys(encodeJson(jwks)), EXPECTED, Date.now());
const encodeJson = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

export async function expectInvalid(token: string, jwks?: unknown): Promise<void> {
  expect(await verify(token, jwks)).toEqual({ ok: false, failure: "invalid_session" });
}
