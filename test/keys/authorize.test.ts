import { expect, test } from "vitest";
import { refusalOfKey, refusalOfScope } from "../../src/keys/authorize.ts";
import { type KeyRecord, SCOPES, type Scope } from "../../src/keys/record.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");

const record = (fields: Partial<KeyRecord> = {}): KeyRecord => ({
  key_id: "0000000000000000",
  name: "Acme partner",
  scopes: ["organizations:read"],
  expires_at: null,
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  revoked_at: null,
  ...fields,
});

test("a key in force is not refused", () => {
  expect(refusalOfKey(record(), NOW)).toBeNull();
  expect(refusalOfKey(record({ expires_at: "2026-06-01T00:00:00.001Z" }), NOW)).toBeNull();
});

test("a genuine key without a record was never issued: it is invalid, not revoked", () => {
  expect(refusalOfKey(null, NOW)).toEqual({ type: "invalid_key" });
});

test("a key past its end is told which end", () => {
  expect(refusalOfKey(record({ expires_at: "2026-06-01T00:00:00Z" }), NOW)).toEqual({ type: "expired_key" });
  expect(refusalOfKey(record({ revoked_at: "2026-05-01T00:00:00Z" }), NOW)).toEqual({ type: "revoked_key" });
});

test("a scope is had or lacked, each for itself: none implies another", () => {
  for (const had of SCOPES) {
    for (const needed of SCOPES) {
      const refusal = refusalOfScope(record({ scopes: [had] }), [needed]);
      expect(refusal).toEqual(had === needed ? null : { type: "insufficient_scope", scope: needed });
    }
  }
});

test("all scopes that are needed must be there, and the first that lacks is named", () => {
  const needed: Scope[] = ["members:dangerously_get", "members:include_deleted"];
  expect(refusalOfScope(record({ scopes: needed }), needed)).toBeNull();
  expect(refusalOfScope(record({ scopes: ["members:dangerously_get"] }), needed)).toEqual({
    type: "insufficient_scope",
    scope: "members:include_deleted",
  });
  expect(refusalOfScope(record(), needed)).toMatchObject({ scope: "members:dangerously_get" });
});

test("a key without scopes may do nothing", () => {
  for (const scope of SCOPES) expect(refusalOfScope(record({ scopes: [] }), [scope])).not.toBeNull();
});
