/** The key that `npm start` prints: that of the last start if it still works, otherwise a new one. */
import { SCOPES } from "../src/keys/record.ts";

export interface StartKeyPolicy {
  readonly scopes: readonly string[];
  readonly expires_at: string | null;
}

export interface StartKeyRequest {
  readonly origin: string;
  readonly adminToken: string;
  /** The key of the last start for this project. */
  readonly previous: string | undefined;
  readonly policy: StartKeyPolicy;
}

const DAY_MS = 86_400_000;

/** The sandbox has nothing to protect, so its key may read everything, for ever. */
export const SANDBOX_KEY_POLICY: StartKeyPolicy = {
  scopes: [...SCOPES],
  expires_at: null,
};

/** A key for a real project is printed to a terminal, and ends after a day: it reads no member. */
export function projectKeyPolicy(now: number): StartKeyPolicy {
  const expiresAt = new Date(now + DAY_MS).toISOString().replace(/\.\d+Z$/, "Z");
  return { scopes: ["organizations:read"], expires_at: expiresAt };
}

/**
 * Resolves to a key that works and has exactly the scopes and expiry of `policy`, so that one of an earlier version or
 * one that was widened does not stay so. Throws if the admin API refuses.
 */
export async function getStartKey(request: StartKeyRequest): Promise<string> {
  const { origin, previous, policy } = request;
  if (previous !== undefined) {
    const response = await fetch(`${origin}/whoami`, { headers: { Authorization: `Bearer ${previous}` } });
    if (response.ok) {
      const record = (await response.json()) as StartKeyPolicy & { key_id: string };
      if (!isSame(record, policy)) await callAdmin(request, "PATCH", `/admin/keys/${record.key_id}`, policy);
      return previous;
    }
  }
  const created = await callAdmin(request, "POST", "/admin/keys", { name: "npm start", ...policy });
  return ((await created.json()) as { key: string }).key;
}

function isSame(record: StartKeyPolicy, policy: StartKeyPolicy): boolean {
  return record.expires_at === policy.expires_at && `${record.scopes}` === `${policy.scopes}`;
}

async function callAdmin(
  { origin, adminToken }: StartKeyRequest,
  method: string,
  path: string,
  body: object,
): Promise<Response> {
  const headers = { Authorization: `Bearer ${adminToken}` };
  const response = await fetch(origin + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`No key could be issued: ${response.status} ${await response.text()}`);
  return response;
}
