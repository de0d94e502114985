/** Secrets that guard nothing are refused: too short, or without entropy. */
import { expect, test } from "vitest";
import { parseConfig } from "../src/config.ts";
import { createConfig } from "./support/config.ts";
import { NEXT_KEY_SECRET, ROTATING_KEY_SECRETS, TEST_VARS } from "./support/vars.ts";
import { SECRET as WEBHOOK_SECRET } from "./support/webhook.ts";

function problemsOf(vars: Record<string, string>) {
  const configured = parseConfig({ ...TEST_VARS, ...vars });
  return configured.ok ? {} : configured.failure;
}

test("an admin token and a metrics token of the minimum length are accepted", () => {
  const token = "an-admin-token-of-32-characters.";
  expect(createConfig({ ADMIN_TOKEN: token }).adminToken).toBe(token);
  expect(createConfig({ METRICS_TOKEN: token }).metricsToken).toBe(token);
});

test.each([
  ["one character repeated", "k".repeat(32)],
  ["spaces", " ".repeat(64)],
  ["two characters in turn", "ab".repeat(16)],
  ["seven different characters", "aaaaaaaaaaaaaaaaaaaaaaaaaabcdefg"],
  ["a word repeated", "changeme".repeat(4)],
  ["a longer pattern repeated", "0123456789abcdef".repeat(2)],
  ["a pattern cut off at the end", "0123456789".repeat(4).slice(0, 37)],
])("a secret or token of %s is refused, and the problem says how to make one", (_, value) => {
  for (const name of ["KEY_SECRET", "KEY_SECRET_PREVIOUS", "ADMIN_TOKEN", "METRICS_TOKEN"]) {
    expect(problemsOf({ [name]: value })[name]).toMatch(/random|printable/);
  }
  expect(problemsOf({ KEY_SECRET: value })["KEY_SECRET"]).toContain("openssl rand -hex 32");
});

test("KEY_SECRET_PREVIOUS is another secret than KEY_SECRET, or not set", () => {
  expect(problemsOf({ KEY_SECRET_PREVIOUS: TEST_VARS.KEY_SECRET })).toEqual({
    KEY_SECRET_PREVIOUS: expect.stringContaining("must differ from KEY_SECRET"),
  });
  const { keySecret, previousKeySecret } = createConfig(ROTATING_KEY_SECRETS);
  expect([keySecret, previousKeySecret]).toEqual([NEXT_KEY_SECRET, TEST_VARS.KEY_SECRET]);
  expect(createConfig({ KEY_SECRET_PREVIOUS: "" }).previousKeySecret).toBeUndefined();
});

test("random secrets in hexadecimal and base64 are accepted", () => {
  for (let i = 0; i < 100; i += 1) {
    const hex = crypto.randomUUID().replaceAll("-", "");
    for (const secret of [hex, btoa(hex)]) {
      expect(problemsOf({ KEY_SECRET: secret, ADMIN_TOKEN: secret })).toEqual({});
    }
  }
});

test.each([
  [23, false],
  [24, true],
  [25, true],
  [64, true],
])("a webhook secret of %i bytes is accepted: %s", (bytes, isAccepted) => {
  const secret = `whsec_${btoa("s".repeat(bytes))}`;
  const problems = problemsOf({ STYTCH_WEBHOOK_SECRET: secret });
  expect(problems).toEqual(
    isAccepted ? {} : { STYTCH_WEBHOOK_SECRET: expect.stringContaining("at least 24 bytes") },
  );
  expect(JSON.stringify(problemsOf({ STYTCH_WEBHOOK_SECRET: `${WEBHOOK_SECRET} ${secret}` }))).not.toContain(
    secret,
  );
});
