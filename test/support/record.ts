import type { ApiKey } from "../../src/keys/api-key.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import type { TokenRequest } from "../../src/limits/messages.ts";

/** A record without restrictions, but for `fields`. */
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

/** What the key's object is asked with a lease. */
export type LeaseQuestion = Parameters<ApiKey["lease"]>;

/** Wants no token. */
export const NO_ASK: TokenRequest = {
  isolateId: "test",
  ttlMs: 5_000,
  needsToken: false,
  prefetch: 0,
  held: 0,
  returned: [],
};
