/** The revocations that an isolate knows of. */
import { expect, test } from "vitest";
import {
  MAX_REVOCATIONS,
  REVOCATION_RETENTION_MS,
  type Revocation,
  RevocationList,
} from "../../src/sessions/revocations.ts";
import { NOW } from "../support/clock.ts";
import { sessionAt } from "../support/session-isolate.ts";

const updates = (...revocations: Revocation[]) => ({ revocations, revokedBefore: 0 });

test.each([
  ["session", "sessionId"],
  ["member", "memberId"],
  ["organization", "organizationId"],
] as const)("the revocation of a %s ends its tokens up to that moment, and no others", (kind, field) => {
  const list = new RevocationList();
  list.add({ kind, id: "its-id", revokedAt: NOW + 700 });
  expect(list.isRevoked(sessionAt(NOW - 1_000, { [field]: "its-id" }))).toBe(true);
  expect(list.isRevoked(sessionAt(NOW, { [field]: "its-id" }))).toBe(true);
  expect(list.isRevoked(sessionAt(NOW + 1_000, { [field]: "its-id" }))).toBe(false);
  expect(list.isRevoked(sessionAt(NOW, { [field]: "another" }))).toBe(false);
});

test("an ID of one kind revokes nothing of another kind", () => {
  const list = new RevocationList();
  list.add({ kind: "member", id: "same", revokedAt: NOW });
  expect(list.isRevoked(sessionAt(NOW, { sessionId: "same", organizationId: "same" }))).toBe(false);
});

test("a token issued in the millisecond of a revocation is revoked", () => {
  const list = new RevocationList();
  list.add({ kind: "member", id: "ada", revokedAt: NOW });
  expect(list.isRevoked(sessionAt(NOW, { memberId: "ada" }))).toBe(true);
});

test("an older revocation that arrives later does not take back a newer one", () => {
  const list = new RevocationList();
  list.applyUpdates(updates({ kind: "member", id: "ada", revokedAt: NOW + 5_000 }), NOW);
  list.applyUpdates(updates({ kind: "member", id: "ada", revokedAt: NOW }), NOW);
  expect(list.isRevoked(sessionAt(NOW + 4_000, { memberId: "ada" }))).toBe(true);
});

test("all tokens up to revokedBefore are revoked, and it never goes back", () => {
  const list = new RevocationList();
  list.applyUpdates({ revocations: [], revokedBefore: NOW }, NOW);
  list.applyUpdates({ revocations: [], revokedBefore: 0 }, NOW);
  expect(list.isRevoked(sessionAt(NOW))).toBe(true);
  expect(list.isRevoked(sessionAt(NOW + 1_000))).toBe(false);
});

test("a revocation is kept until no token from before it can live, and no longer", () => {
  const list = new RevocationList();
  list.add({ kind: "session", id: "s", revokedAt: NOW });
  list.add({ kind: "organization", id: "o", revokedAt: NOW });
  list.applyUpdates(updates(), NOW + REVOCATION_RETENTION_MS);
  expect(list.size).toBe(2);
  expect(list.isRevoked(sessionAt(NOW, { sessionId: "s" }))).toBe(true);
  list.applyUpdates(updates(), NOW + REVOCATION_RETENTION_MS + 1);
  expect(list.size).toBe(0);
  // The clock may be set back.
  expect(list.isRevoked(sessionAt(NOW))).toBe(true);
  expect(list.isRevoked(sessionAt(NOW + 1_000))).toBe(false);
  // An hour of max_age_seconds, and 5 s of tolerance.
  expect(REVOCATION_RETENTION_MS).toBeGreaterThan(3_605_000);
});

test("beyond MAX_REVOCATIONS every token from before the oldest is revoked", () => {
  const list = new RevocationList();
  for (let index = 0; index <= MAX_REVOCATIONS; index += 1) {
    list.add({ kind: "member", id: `member-${index}`, revokedAt: NOW + index * 1_000 });
  }
  expect(list.size).toBe(MAX_REVOCATIONS);
  expect(list.isRevoked(sessionAt(NOW))).toBe(true);
  expect(list.isRevoked(sessionAt(NOW + 1_000))).toBe(false);
  expect(list.isRevoked(sessionAt(NOW + 1_000, { memberId: "member-1" }))).toBe(true);
});
