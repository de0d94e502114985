import { expect, test } from "vitest";
import { checkKey, checkScopes } from "../../src/keys/authorize.ts";
import { SCOPES, type Scope } from "../../src/keys/record.ts";
import { recordOf } from "../support/record.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");

const record = recordOf;

test("a key in force is not refused", () => {
  expect(checkKey(record(), 1, NOW)).toBeNull();
  expect(checkKey(record({ expires_at: "2026-06-01T00:00:00.001Z" }), 1, NOW)).toBeNull();
});

test("a genuine key without a record was never issued: it is invalid, not revoked", () => {
  expect(checkKey(null, 1, NOW)).toEqual({ type: "invalid_key" });
});

test("a key past its end is told which end", () => {
  expect(checkKey(record({ expires_at: "2026-06-01T00:00:00Z" }), 1, NOW)).toEqual({
    type: "expired_key",
  });
  expect(checkKey(record({ revoked_at: "2026-05-01T00:00:00Z" }), 1, NOW)).toEqual({
    type: "revoked_key",
  });
});

test("a scope is had or lacked, each for itself: none implies another", () => {
  for (const had of SCOPES) {
    for (const needed of SCOPES) {
      const refusal = checkScopes(record({ scopes: [had] }), [needed]);
      expect(refusal).toEqual(had === needed ? null : { type: "insufficient_scope", scope: needed });
    }
  }
});

test("all scopes that are needed must be there, and the first that lacks is named", () => {
  const needed: Scope[] = ["members:dangerously_get", "members:include_deleted"];
  expect(checkScopes(record({ scopes: needed }), needed)).toBeNull();
  expect(checkScopes(record({ scopes: ["members:dangerously_get"] }), needed)).toEqual({
    type: "insufficient_scope",
    scope: "members:include_deleted",
  });
  expect(checkScopes(record(), needed)).toMatchObject({ scope: "members:dangerously_get" });
});

test("a key without scopes may do nothing", () => {
  for (const scope of SCOPES) expect(checkScopes(record({ scopes: [] }), [scope])).not.toBeNull();
});
