/** What the Directory keeps of sessions: how long, how much, and for which Stytch project. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Directory } from "../../src/directory/directory.ts";
import { MAX_REVOCATIONS, REVOCATION_RETENTION_MS } from "../../src/sessions/revocations.ts";
import { SessionPolicy } from "../../src/sessions/session-policy.ts";
import { NOW, useClock } from "../support/clock.ts";
import { hourCount } from "../support/usage.ts";
import { TEST_VARS } from "../support/vars.ts";

const { atMs } = useClock();
const PROJECT_ID = TEST_VARS.STYTCH_PROJECT_ID;
const OTHER_PROJECT_ID = PROJECT_ID.replaceAll("2", "3");
const POLICY = SessionPolicy.parse({ scopes: ["organizations:read"] });
const DAY_MS = 86_400_000;

/** A Directory that no other test uses. */
const createDirectory = () => env.DIRECTORY.getByName(`directory-${crypto.randomUUID()}`);
const order = (id: string, revokedAt: number | null = null) => ({ kind: "member", id, revokedAt }) as const;
const origin = (id: string) => ({ project_id: PROJECT_ID, detail: { member_id: id, by: "admin" } });
const sessionsSince = async (directory: DurableObjectStub<Directory>, sequence = 0) =>
  (await directory.updatesSince(sequence, PROJECT_ID, null)).sessions;
const revokedIds = async (directory: DurableObjectStub<Directory>, sequence = 0) =>
  (await sessionsSince(directory, sequence)).revocations.map(({ id }) => id);

test("an isolate is told each revocation and each policy once", async () => {
  const directory = createDirectory();
  await directory.setSessionPolicy(PROJECT_ID, POLICY);
  await directory.revokeSessions(order("first"), origin("first"));
  const { purges, sessions } = await directory.updatesSince(0, PROJECT_ID, null);
  expect(sessions).toEqual({
    changed: { sequence: NOW, policy: POLICY },
    revocations: [{ kind: "member", id: "first", revokedAt: NOW }],
    revokedBefore: 0,
  });
  expect(await sessionsSince(directory, purges.latest)).toEqual({
    changed: null,
    revocations: [],
    revokedBefore: 0,
  });
  await directory.revokeSessions(order("second"), origin("second"));
  expect(await revokedIds(directory, purges.latest)).toEqual(["second"]);
});

test("the latest moment of a repeated revocation counts, and isolates are told again", async () => {
  const directory = createDirectory();
  await directory.revokeSessions(order("ada", NOW - 1_000), origin("ada"));
  const { purges } = await directory.updatesSince(0, PROJECT_ID, null);
  await directory.revokeSessions(order("ada"), origin("ada"));
  await directory.revokeSessions(order("ada", NOW - 5_000), origin("ada"));
  expect((await sessionsSince(directory, purges.latest)).revocations).toEqual([
    { kind: "member", id: "ada", revokedAt: NOW },
  ]);
});

test("a revocation is listed until no token from before it can live, and no longer", async () => {
  const directory = createDirectory();
  await directory.revokeSessions(order("first"), origin("first"));
  atMs(REVOCATION_RETENTION_MS);
  await directory.revokeSessions(order("second"), origin("second"));
  expect(await revokedIds(directory)).toEqual(["first", "second"]);
  atMs(REVOCATION_RETENTION_MS + 1);
  await directory.revokeSessions(order("third"), origin("third"));
  expect(await revokedIds(directory)).toEqual(["second", "third"]);
  expect((await sessionsSince(directory)).revokedBefore).toBe(0);
});

test("beyond MAX_REVOCATIONS everything from before the oldest counts as revoked", async () => {
  const directory = createDirectory();
  await runInDurableObject(directory, (instance) => {
    // The newest moments first: the age counts, not the order of the calls.
    for (let index = MAX_REVOCATIONS + 100; index >= 0; index -= 1) {
      instance.revokeSessions(order(`member-${index}`, NOW - 1_000_000 + index), origin("many"));
    }
  });
  const { revocations, revokedBefore } = await sessionsSince(directory);
  expect(revocations).toHaveLength(MAX_REVOCATIONS);
  expect(revokedBefore).toBe((revocations[0]?.revokedAt ?? 0) - 1);
  expect(revocations.at(-1)?.revokedAt).toBe(NOW - 1_000_000 + MAX_REVOCATIONS + 100);
});

test("a policy and its usage belong to their Stytch project", async () => {
  const directory = createDirectory();
  await directory.setSessionPolicy(PROJECT_ID, POLICY);
  const report = {
    id: crypto.randomUUID(),
    counts: [hourCount(NOW / 3_600_000, { requests: 1 })],
  };
  await directory.updatesSince(0, PROJECT_ID, report);
  await directory.updatesSince(0, OTHER_PROJECT_ID, report);
  expect(await directory.sessionUsage(PROJECT_ID, 1)).toEqual(report.counts);
  expect(await directory.sessionPolicy(OTHER_PROJECT_ID)).toBeNull();
  expect(await directory.sessionUsage(OTHER_PROJECT_ID, 1)).toBeNull();
  expect((await directory.updatesSince(0, OTHER_PROJECT_ID, null)).sessions.changed).toBeNull();
  expect((await directory.setSessionPolicy(OTHER_PROJECT_ID, null)).before).toBeNull();
  expect(await directory.sessionPolicy(PROJECT_ID)).toEqual(POLICY);
  const events = async (projectId: string) => (await directory.listEvents(10, null, projectId)).items;
  expect(await events(PROJECT_ID)).toHaveLength(1);
  expect(await events(OTHER_PROJECT_ID)).toEqual([]);
});

test("usage is kept when a policy is removed", async () => {
  const directory = createDirectory();
  await directory.setSessionPolicy(PROJECT_ID, POLICY);
  const counts = [hourCount(NOW / 3_600_000, { requests: 1, rate_limited: 2 })];
  await directory.updatesSince(0, PROJECT_ID, { id: crypto.randomUUID(), counts });
  await directory.setSessionPolicy(PROJECT_ID, null);
  expect(await directory.sessionUsage(PROJECT_ID, 1)).toEqual(counts);
});

test("the audit drops revocations after 30 days, and keeps changes of the policy", async () => {
  const directory = createDirectory();
  await directory.setSessionPolicy(PROJECT_ID, POLICY);
  await directory.revokeSessions(order("first"), origin("first"));
  atMs(30 * DAY_MS + 2);
  await directory.revokeSessions(order("second"), origin("second"));
  const { items } = await directory.listEvents(10, null, PROJECT_ID);
  expect(
    items.map(({ action, detail }) => [action, (detail as Record<string, unknown>)["member_id"]]),
  ).toEqual([
    ["session.revoked", "second"],
    ["session_policy.updated", undefined],
  ]);
});
