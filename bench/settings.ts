/** What every Worker here is given. No secret: nothing of this is served to anyone but the benchmark. */
export const ADMIN_TOKEN = "bench-admin-token-0123456789-0123456789";

/** As the sandbox's `wrangler.toml` has them. */
export const PROJECT = {
  STYTCH_PROJECT_ID: "project-test-11111111-1111-4111-8111-111111111111",
  STYTCH_SECRET: "secret-test-sandbox-only-not-a-real-secret",
};

export const POSTERN = "wrangler.toml";
export const SANDBOX = "sandbox/wrangler.toml";
export const ASSEMBLED = "bench/peers/assembled/wrangler.toml";
export const BARE = "bench/peers/bare/wrangler.toml";
export const BARE_KV = "bench/peers/bare-kv/wrangler.toml";

export const varsOf = (stytch: string, vars: Readonly<Record<string, string>> = {}) => ({
  ...PROJECT,
  STYTCH_BASE_URL: stytch,
  ADMIN_TOKEN,
  KEY_SECRET: "bench-key-secret-0123456789-0123456789",
  ...vars,
});

/** A key of Postern, or of what was assembled: both are asked alike. */
export async function createKey(
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await fetch(`${url}/admin/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(`no key: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { key: string }).key;
}
