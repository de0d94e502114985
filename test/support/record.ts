import type { KeyRecord } from "../../src/keys/record.ts";
import type { TokenRequest } from "../../src/limits/messages.ts";

/** Returns a record without restrictions, except those in `fields`. */
export function recordOf(fields: Partial<KeyRecord> = {}): KeyRecord {
  return {
    key_id: "0000000000000000",
    name: "Acme partner",
    scopes: ["organizations:read"],
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    region: null,
    expires_at: null,
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
    revoked_at: null,
    generation: 1,
    previous: [],
    version: 1,
    ...fields,
  };
}

/** For calls of `lease` that need no token. */
export const NO_TOKEN_REQUEST: TokenRequest = {
  isolateId: "test",
  ttlMs: 5_000,
  needsToken: false,
  prefetch: 0,
  held: 0,
  returned: [],
};
