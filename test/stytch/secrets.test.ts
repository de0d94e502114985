import { expect, test } from "vitest";
import { basicCredentials, redactSecrets, type StytchConfig } from "../../src/stytch/secrets.ts";

const CONFIG: StytchConfig = {
  projectId: "project-test-1",
  secret: "secret-test-one",
  nextSecret: undefined,
  baseUrl: "https://test.stytch.com",
  timeoutMs: 5_000,
};

test("basicCredentials encodes the project ID and the secret", () => {
  expect(basicCredentials(CONFIG, CONFIG.secret)).toBe(`Basic ${btoa("project-test-1:secret-test-one")}`);
});

test("redactSecrets removes a secret, plain and in its Basic form, wherever it is", () => {
  const text = `${CONFIG.secret}, ${basicCredentials(CONFIG, CONFIG.secret)}, x${CONFIG.secret}x`;
  expect(redactSecrets(CONFIG, text)).toBe("[removed], Basic [removed], x[removed]x");
});

test("redactSecrets removes both secrets, even if one is a prefix of the other", () => {
  const rotating = { ...CONFIG, nextSecret: `${CONFIG.secret}-and-more` };
  for (const config of [rotating, { ...rotating, secret: rotating.nextSecret, nextSecret: CONFIG.secret }]) {
    const text = `${config.secret} ${config.nextSecret} ${basicCredentials(config, config.nextSecret)}`;
    expect(redactSecrets(config, text)).toBe("[removed] [removed] Basic [removed]");
  }
});

test("redactSecrets leaves other texts as they are", () => {
  expect(redactSecrets(CONFIG, "secret-test-on project-test-1")).toBe("secret-test-on project-test-1");
});
