/** The policy and the revocations as isolates know them, while time passes and parts fail. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { isRevoked } from "../../src/sessions/revocations.ts";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { objectsThat } from "../support/fakes.ts";
import { createSessionIsolate, sessionAt } from "../support/session-isolate.ts";
import { publicHour } from "../support/usage.ts";

const { at } = useClock();
const LEASE_SECONDS = 5;
const GRACE_SECONDS = 60;
const POLICY = {
  scopes: ["organizations:read"],
  fields: null,
  rate_limit: null,
  max_age_seconds: 300,
  allow_impersonation: false,
};
const admin = createIsolate();
const setPolicy = async (fields: Json = {}) =>
  await admin.admin("PUT", "/admin/session-policy", { ...POLICY, ...fields });
const deletePolicy = async () => await admin.admin("DELETE", "/admin/session-policy");
const revoke = async (body: Json) => await admin.admin("POST", "/admin/sessions/revoke", body);
const known = (policy: Json | null) => ({ ok: true, value: policy });
const UNKNOWN = { ok: false, failure: { type: "key_service_unavailable" } };

beforeEach(async () => {
  await emptyDirectory();
});

test("without a policy sessions are refused, and that is known without I/O for a lease", async () => {
  const isolate = createSessionIsolate();
  expect(await isolate.read()).toEqual(known(null));
  at(LEASE_SECONDS - 0.001);
  expect(isolate.read()).toEqual(known(null));
  expect(isolate.degraded).toEqual([]);
});

test("any change of the policy is in force everywhere within LEASE_SECONDS", async () => {
  const isolate = createSessionIsolate();
  await isolate.read();
  const changes: [() => Promise<Response>, Json | null][] = [
    [setPolicy, POLICY],
    [async () => await setPolicy({ max_age_seconds: 60 }), { ...POLICY, max_age_seconds: 60 }],
    [deletePolicy, null],
    [setPolicy, POLICY],
  ];
  for (const [index, [change, expected]] of changes.entries()) {
    expect((await change()).status).toBe(200);
    at((index + 1) * LEASE_SECONDS);
    expect(await isolate.read()).toEqual(known(expected));
    expect(await createSessionIsolate().read()).toEqual(known(expected));
    await isolate.settle();
  }
});

test("an isolate in use learns of a change in the background", async () => {
  const isolate = createSessionIsolate();
  await isolate.read();
  await setPolicy();
  at(LEASE_SECONDS / 2);
  expect(isolate.read()).toEqual(known(null));
  await isolate.settle();
  expect(isolate.read()).toEqual(known(POLICY));
});

test("answers of the Directory that arrive out of order leave the latest policy", async () => {
  const isolate = createSessionIsolate();
  const { sessions } = isolate.state;
  const revocations = { revocations: [], revokedBefore: 0 };
  const changed = (sequence: number, policy: typeof POLICY | null) =>
    sessions.applyUpdates({ ...revocations, changed: { sequence, policy: policy as never } }, 0);
  changed(2, null);
  changed(1, POLICY);
  expect(sessions.policy).toEqual(known(null));
  changed(3, POLICY);
  expect(sessions.policy).toEqual(known(POLICY));
});

test("while the Directory fails, the policy holds for the grace; then it is 503", async () => {
  await setPolicy();
  let isDown = false;
  const isolate = createSessionIsolate({ DIRECTORY: objectsThat.failIf(env.DIRECTORY, () => isDown) });
  await isolate.read();
  isDown = true;
  at(LEASE_SECONDS);
  expect(await isolate.read()).toEqual(known(POLICY));
  expect(isolate.degraded).toEqual(["directory"]);
  at(LEASE_SECONDS + GRACE_SECONDS - 0.001);
  expect(await isolate.read()).toEqual(known(POLICY));
  at(LEASE_SECONDS + GRACE_SECONDS);
  expect(await isolate.read()).toEqual(UNKNOWN);
  expect(await isolate.read()).toEqual(UNKNOWN);
  isDown = false;
  expect(await isolate.read()).toEqual(known(POLICY));
});

test("an isolate that never reached the Directory answers 503, not 401", async () => {
  await setPolicy();
  const isolate = createSessionIsolate({ DIRECTORY: objectsThat.fail() });
  expect(await isolate.read()).toEqual(UNKNOWN);
  expect(isolate.degraded).toEqual(["directory"]);
});

test.each(["member_session_id", "member_id", "organization_id"])(
  "a revocation by %s is in force in every isolate within LEASE_SECONDS",
  async (name) => {
    const far = createSessionIsolate();
    const token = sessionAt(Date.now());
    const other = sessionAt(Date.now());
    expect(await far.isRevoked(token)).toBe(false);
    at(1.5);
    const ids = {
      member_session_id: token.sessionId,
      member_id: token.memberId,
      organization_id: token.organizationId,
    };
    expect((await revoke({ [name]: ids[name as keyof typeof ids] })).status).toBe(200);
    at(1.5 + LEASE_SECONDS);
    for (const isolate of [far, createSessionIsolate()]) {
      expect(await isolate.isRevoked(token)).toBe(true);
      expect(await isolate.isRevoked({ ...token, issuedAt: token.issuedAt + 1 })).toBe(true);
      expect(await isolate.isRevoked({ ...token, issuedAt: token.issuedAt + 2 })).toBe(false);
      expect(await isolate.isRevoked(other)).toBe(false);
    }
  },
);

test("a change is in force at once in the isolate that made it", async () => {
  const isolate = createSessionIsolate();
  await isolate.read();
  await isolate.admin("PUT", "/admin/session-policy", POLICY);
  expect(isolate.read()).toEqual(known(POLICY));
  const token = sessionAt(Date.now());
  await isolate.admin("POST", "/admin/sessions/revoke", { member_id: token.memberId });
  expect(isRevoked(isolate.state, token)).toBe(true);
  await isolate.admin("DELETE", "/admin/session-policy");
  expect(isolate.read()).toEqual(known(null));
});

test("an ID in upper case revokes the sessions of the ID as Stytch writes it", async () => {
  const token = sessionAt(Date.now());
  const memberId = token.memberId.replace(/[0-9a-f-]{36}$/, (uuid) => uuid.toUpperCase());
  await revoke({ member_id: memberId });
  expect(await createSessionIsolate().isRevoked(token)).toBe(true);
});

test("calls of sessions are counted once, in the hour that they were made", async () => {
  await setPolicy();
  const usage = async () =>
    await (await admin.admin("GET", "/admin/session-policy/usage?hours=1")).json<{ hours: Json[] }>();
  expect(await usage()).toEqual({ hours: [] });
  const isolates = [createSessionIsolate(), createSessionIsolate()];
  for (const isolate of isolates) {
    await isolate.read();
    for (const admitted of [true, true, false]) isolate.count(admitted);
  }
  // The first answer to a report is lost; the report is repeated.
  const real = Directory.prototype.updatesSince;
  vi.spyOn(Directory.prototype, "updatesSince").mockImplementationOnce(function (this: Directory, ...given) {
    real.apply(this, given);
    throw new Error("gone");
  });
  const readAt = async (...moments: number[]) => {
    for (const seconds of moments) {
      at(seconds);
      for (const isolate of isolates) {
        await isolate.read();
        await isolate.settle();
      }
    }
  };
  await readAt(4, 6, 8);
  const hour = "2027-01-15T08:00:00Z";
  expect(await usage()).toEqual({ hours: [publicHour(hour, { requests: 4, rate_limited: 2 })] });
  // What is counted after a report goes into the next one.
  isolates[0]?.count();
  await readAt(12, 16);
  expect(await usage()).toEqual({ hours: [publicHour(hour, { requests: 5, rate_limited: 2 })] });
});
