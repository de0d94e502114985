import { expect, test } from "vitest";
import { checkKey, checkScopes } from "../../src/keys/authorize.ts";
import { SCOPES, type Scope } from "../../src/keys/record.ts";
import { recordOf } from "../support/record.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");

const record = recordOf;

test("an active key is accepted, until the millisecond before its end", () => {
  expect(checkKey(record(), 1, NOW)).toBeNull();
  expect(checkKey(record({ expires_at: "2026-06-01T00:00:00.001Z" }), 1, NOW)).toBeNull();
});

test("a genuine key that was never issued is invalid, not revoked", () => {
  expect(checkKey(null, 1, NOW)).toEqual({ type: "invalid_key" });
});

test("an expired key and a revoked key are refused with different errors", () => {
  expect(checkKey(record({ expires_at: "2026-06-01T00:00:00Z" }), 1, NOW)).toEqual({
    type: "expired_key",
  });
  expect(checkKey(record({ revoked_at: "2026-05-01T00:00:00Z" }), 1, NOW)).toEqual({
    type: "revoked_key",
  });
});

test("a scope never implies another scope", () => {
  for (const granted of SCOPES) {
    for (const required of SCOPES) {
      const failure = checkScopes(record({ scopes: [granted] }), [required]);
      expect(failure).toEqual(granted === required ? null : { type: "insufficient_scope", scope: required });
    }
  }
});

test("a key needs all required scopes, and the error names the first that is missing", () => {
  const required: Scope[] = ["members:dangerously_get", "members:include_deleted"];
  expect(checkScopes(record({ scopes: required }), required)).toBeNull();
  expect(checkScopes(record({ scopes: ["members:dangerously_get"] }), required)).toEqual({
    type: "insufficient_scope",
    scope: "members:include_deleted",
  });
  expect(checkScopes(record(), required)).toMatchObject({ scope: "members:dangerously_get" });
});

test("a key without scopes is refused for every scope", () => {
  for (const scope of SCOPES) expect(checkScopes(record({ scopes: [] }), [scope])).not.toBeNull();
});
