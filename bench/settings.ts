/** The configuration of every Worker here. Its secrets protect nothing: only the benchmark sends requests to them. */
export const ADMIN_TOKEN = "bench-admin-token-0123456789-0123456789";

/** As in `sandbox/wrangler.toml`. */
export const PROJECT = {
  STYTCH_PROJECT_ID: "project-test-11111111-1111-4111-8111-111111111111",
  STYTCH_SECRET: "secret-test-sandbox-only-not-a-real-secret",
};

export const POSTERN = "wrangler.toml";
export const SANDBOX = "sandbox/wrangler.toml";
export const ASSEMBLED = "bench/peers/assembled/wrangler.toml";
export const BARE = "bench/peers/bare/wrangler.toml";
export const BARE_DIRECT = "bench/peers/bare-direct/wrangler.toml";
export const BARE_KV = "bench/peers/bare-kv/wrangler.toml";

export const varsOf = (stytchUrl: string, vars: Readonly<Record<string, string>> = {}) => ({
  ...PROJECT,
  STYTCH_BASE_URL: stytchUrl,
  ADMIN_TOKEN,
  KEY_SECRET: "bench-key-secret-0123456789-0123456789",
  ...vars,
});

/** Lets sessions read organizations on the Postern at `url`. Rejects unless the status is 200. */
export async function allowSessions(url: string): Promise<void> {
  const response = await fetch(`${url}/admin/session-policy`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ scopes: ["organizations:read"], max_age_seconds: 3_600 }),
  });
  if (response.status !== 200)
    throw new Error(`No session policy: ${response.status} ${await response.text()}`);
}

/** A session JWT of the member, signed by the sandbox at `url`; it ends `seconds` from now. */
export async function signIn(url: string, memberId: string, seconds: number): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  const body = JSON.stringify({ member_id: memberId, claims: { exp } });
  const response = await fetch(`${url}/_sandbox/sessions`, { method: "POST", body });
  if (response.status !== 201) throw new Error(`No session: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { session_jwt: string }).session_jwt;
}

/** Creates a key of Postern or of the assembled peer, whose API is the same. Rejects unless the status is 201. */
export async function createKey(url: string, body: object): Promise<string> {
  const response = await fetch(`${url}/admin/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) {
    throw new Error(`No key was created: ${response.status} ${await response.text()}`);
  }
  return ((await response.json()) as { key: string }).key;
}
