/**
 * An upgrade under load: isolates of the old version answer, then one of each side by side, then those of the new one.
 * Meanwhile all objects lose their memory again and again: they are reset with calls under way in them, or evicted.
 * Both versions are of this code, so this shows nothing of another release's formats: `test/storage/` does.
 */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { useClock } from "./support/clock.ts";
import { createIsolate, type TestIsolate } from "./support/deployment.ts";
import { logLines } from "./support/egress.ts";
import { evictObjects, observeResets, resetObjects } from "./support/resets.ts";
import { useSessions } from "./support/sessions.ts";
import { type Answer, createUpgradeLoad, LIMIT, type UpgradeLoad } from "./support/upgrade-load.ts";

const clock = useClock();
const sessions = useSessions();

/** Seconds before each step of the load: within a lease, past it, past the fresh time of an answer. */
const STEPS = [0.5, 2, 13, 0.5, 5, 70, 0.5, 2, 13];
/** The steps in which the two isolates of the old version answer for the last time. */
const LAST_OF_OLD = [2, 5];
/** In this step a key is revoked and an organization purged, which is in force in the next, `LEASE_SECONDS` later. */
const CHANGED_IN = 3;
const LEASE_SECONDS = 5;

interface Upgrade {
  readonly load: UpgradeLoad;
  readonly answers: readonly Answer[];
  /** Those of the old version, then those of the new one. */
  readonly isolates: readonly TestIsolate[];
  /** Calls that a reset has cut off, by method. */
  readonly cutOff: ReadonlyMap<string, number>;
  /** The statuses of the edits of a key. */
  readonly edits: readonly number[];
}

async function upgradeUnderLoad(): Promise<Upgrade> {
  const load = await createUpgradeLoad(sessions, STEPS.length);
  const { API_KEY, ORGANIZATION, DIRECTORY, PUBLIC_KEYS } = env;
  const { bindings, cutOff } = observeResets({ API_KEY, ORGANIZATION, DIRECTORY, PUBLIC_KEYS });
  const isolates = Array.from({ length: 4 }, () => createIsolate(bindings));
  const answers: Answer[] = [];
  const edits: number[] = [];
  for (const [step, seconds] of STEPS.entries()) {
    clock.advance(seconds);
    const first = Math.floor(step / 3);
    const active = isolates.slice(first, first + 2);
    const calls = active.map(async (isolate) => await load.send(isolate, step));
    const changes = changeInStep(step, active[1] as TestIsolate, load);
    const edit = editInStep(step, active[1] as TestIsolate, load);
    const objects = load.objectsOf(step);
    await (step % 3 === 1 ? evictObjects(objects) : resetObjects(objects));
    answers.push(...(await Promise.all(calls)).flat());
    expect(new Set(await changes)).toEqual(new Set([200]));
    edits.push(await edit);
  }
  return { load, answers, edits, isolates, cutOff };
}

/** The statuses of calls of an operator: of each kind that Postern may repeat. */
async function changeInStep(
  step: number,
  isolate: TestIsolate,
  { keyIds }: UpgradeLoad,
): Promise<readonly number[]> {
  const free = `/admin/keys/${keyIds.free}`;
  const calls = [
    isolate.admin("GET", `${free}/usage`),
    isolate.admin("GET", "/admin/keys"),
    isolate.admin("GET", "/admin/overview"),
    isolate.admin("POST", "/admin/sessions/revoke", { member_id: "member-test-of-nobody" }),
  ];
  const { organization, organizationId } = sessions.world;
  if (step === CHANGED_IN) {
    organization["organization_name"] = "Renamed";
    calls.push(isolate.admin("DELETE", `/admin/keys/${keyIds.revoked}`));
  }
  const purged = step === CHANGED_IN ? organizationId : `purged-${step}`;
  calls.push(isolate.admin("POST", "/admin/cache/purge", { organization_id: purged }));
  return (await Promise.all(calls)).map(({ status }) => status);
}

/** The status of an edit, which is not repeated. */
async function editInStep(step: number, isolate: TestIsolate, { keyIds }: UpgradeLoad): Promise<number> {
  return (await isolate.admin("PATCH", `/admin/keys/${keyIds.free}`, { name: `Step ${step}` })).status;
}

/** Whether the contract allows the answer. */
function isAllowed({ kind, step, status, name }: Answer): boolean {
  const isAfterChange = step > CHANGED_IN;
  if (isAfterChange && name !== null && name !== "Renamed") return false;
  switch (kind) {
    case "organization of another key":
      return status === 404;
    case "organization of a limited key":
      return status === 200 || status === 429;
    case "organization of a revoked key":
      return isAfterChange ? status === 401 : status === 200 || (step === CHANGED_IN && status === 401);
    default:
      return status === 200;
  }
}

/** As it stands in a log line. */
const EDIT_ROUTE = "/admin/keys/{key_id}";
const MAY_BE_SLOW = { timeout: 20_000 };

test("an upgrade under load fails no call, and keeps limits and changes", MAY_BE_SLOW, async () => {
  const { load, answers, edits, isolates, cutOff } = await upgradeUnderLoad();
  expect(answers).toHaveLength(STEPS.length * 2 * 13);
  expect(answers.filter((answer) => !isAllowed(answer))).toEqual([]);
  expect(edits.filter((status) => status !== 200 && status !== 503)).toEqual([]);
  // Nor was anything done without: no lease in its grace, no request to Stytch past an object.
  const degraded = logLines().filter(
    (line) =>
      "route" in line && "degraded" in line && !(line["status"] === 503 && line["route"] === EDIT_ROUTE),
  );
  expect(degraded).toEqual([]);
  for (const method of ["lease", "read", "edit", "revoke", "purge", "revokeSessions", "usage"])
    expect(cutOff.get(method), method).toBeGreaterThan(0);
  expectLimitKept(answers);

  clock.advance(LEASE_SECONDS);
  const last = await Promise.all(
    isolates.slice(2).map(async (isolate) => await load.send(isolate, STEPS.length - 1)),
  );
  const fresh = createIsolate();
  await expectCounted(fresh, load, { answers, last: last.flat(), isolates });
  await expectAudited(fresh, load, edits);
});

/** Over any stretch of the load, a bucket admits what it holds and what flows into it meanwhile. */
function expectLimitKept(answers: readonly Answer[]): void {
  const { limit, period_seconds: period } = LIMIT;
  const limited = answers.filter(({ kind }) => kind === "organization of a limited key");
  const admitted = limited.filter(({ status }) => status === 200);
  for (const first of STEPS.keys()) {
    for (let last = first; last < STEPS.length; last += 1) {
      const seconds = STEPS.slice(first + 1, last + 1).reduce((sum, one) => sum + one, 0);
      const calls = admitted.filter(({ step }) => step >= first && step <= last).length;
      expect(calls).toBeLessThanOrEqual(limit + (seconds * limit) / period);
    }
  }
  expect(admitted.length).toBeLessThan(limited.length);
  // What flows in is not lost with the memory of the object.
  expect(admitted.length).toBeGreaterThan(limit);
}

/** Isolates of the old version end without having reported what they counted in their last lease. Nothing else is lost. */
async function expectCounted(
  fresh: TestIsolate,
  { keyIds }: UpgradeLoad,
  { answers, last, isolates }: Pick<Upgrade, "answers" | "isolates"> & { readonly last: readonly Answer[] },
): Promise<void> {
  const counted = answers.filter(({ isCounted }) => isCounted);
  const unreported = counted.filter(
    ({ isolate, step }) =>
      (isolate === isolates[0] && step === LAST_OF_OLD[0]) ||
      (isolate === isolates[1] && step === LAST_OF_OLD[1]),
  );
  const response = await fresh.admin("GET", `/admin/keys/${keyIds.free}/usage`);
  const { hours } = await response.json<{ hours: { requests: number }[] }>();
  const requests = hours.reduce((sum, hour) => sum + hour.requests, 0);
  expect(requests).toBeGreaterThanOrEqual(counted.length - unreported.length);
  expect(requests).toBeLessThanOrEqual(counted.length + last.filter(({ isCounted }) => isCounted).length);
}

async function expectAudited(
  fresh: TestIsolate,
  { keyIds }: UpgradeLoad,
  edits: readonly number[],
): Promise<void> {
  // A reset cut the key's object off from the Directory, and the alarm delivers the event.
  await runDurableObjectAlarm(env.API_KEY.getByName(keyIds.revoked));
  const response = await fresh.admin("GET", "/admin/audit?limit=200");
  const { events } = await response.json<{ events: { action: string }[] }>();
  const countOf = (action: string) => events.filter((event) => event.action === action).length;
  expect(countOf("key.revoked")).toBe(1);
  // An edit that was cut off may have been made.
  expect(countOf("key.updated")).toBeGreaterThanOrEqual(edits.filter((status) => status === 200).length);
  expect(countOf("key.updated")).toBeLessThanOrEqual(edits.length);
  // A call that was cut off may have been made already.
  expect(countOf("cache.purged")).toBeGreaterThanOrEqual(STEPS.length);
  expect(countOf("session.revoked")).toBeGreaterThanOrEqual(STEPS.length);
}
