/** The variables of the deployment under test. The guard knows every secret among them. */
export const TEST_VARS = {
  STYTCH_PROJECT_ID: "project-test-22222222-2222-4222-8222-222222222222",
  STYTCH_SECRET: "secret-test-canary-of-the-upstream",
  STYTCH_BASE_URL: "https://upstream.test",
  KEY_SECRET: "canary-of-the-key-secret-0123456789abcdef",
  ADMIN_TOKEN: "canary-of-the-admin-token-0123456789abcdef",
  UPSTREAM_TIMEOUT_MS: "400",
  LOG_HIT_SAMPLE_RATE: "1",
};

/** The KEY_SECRET that replaces the one above in a rotation. */
export const NEXT_KEY_SECRET = "canary-of-the-next-key-secret-0123456789abcdef";

/** What a deployment sets while it rotates KEY_SECRET. */
export const ROTATING_KEY_SECRETS = {
  KEY_SECRET: NEXT_KEY_SECRET,
  KEY_SECRET_PREVIOUS: TEST_VARS.KEY_SECRET,
};
