/**
 * The credentials of the sandbox's project, and the secrets of a Postern under test. None protects anything: in tests
 * they are canaries, which no response, error or log line may contain.
 */

/** As in `sandbox/wrangler.toml`. */
export const PROJECT_ID = "project-test-11111111-1111-4111-8111-111111111111";
export const UPSTREAM_SECRET = "secret-test-sandbox-only-not-a-real-secret";
export const KEY_SECRET = "e2e-canary-of-the-key-secret-0123456789";
export const ADMIN_TOKEN = "e2e-canary-of-the-admin-token-0123456789";

/** Includes the project's Basic credential, the form in which the secret is sent to Stytch. */
export const SECRETS = [
  UPSTREAM_SECRET,
  Buffer.from(`${PROJECT_ID}:${UPSTREAM_SECRET}`).toString("base64"),
  KEY_SECRET,
  ADMIN_TOKEN,
];
