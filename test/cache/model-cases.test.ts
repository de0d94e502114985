/** Sequences that failed in the model test once (`model.test.ts`), each as small as it gets, and their relatives. */
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { runSteps, type Step } from "../support/model-steps.ts";
import { pause, stopDeadlines } from "../support/model-time.ts";
import { ANSWER, fail, force, purge, read, readSlowly, WORK, wait } from "../support/steps.ts";

useClock();

/** Ten failed calls, for as many names as there are and one of them again. */
const OPEN_CIRCUIT: readonly Step[] = [fail(0), ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 0].map((name) => read(name))];

/** While the first read waits for Stytch, another name is read, and then both are answered. */
const TWO_AT_ONCE: readonly Step[] = [readSlowly(8), read(7, 1), ANSWER];

test("a circuit that one run has opened refuses nothing in the next run", async () => {
  await runSteps(OPEN_CIRCUIT);
  const { statuses } = await runSteps(TWO_AT_ONCE);
  expect(statuses).toEqual([404, 404]);
});

test("a back-off or a 429 of one run is not answered in the next run", async () => {
  await runSteps([read(0), wait(125), fail(1), read(0), read(3), fail(4), read(0)]);
  const { statuses } = await runSteps([read(0), read(3), ...TWO_AT_ONCE]);
  expect(statuses).toEqual([200, 200, 404, 404]);
});

test("what one run left unanswered is not answered in the next run", async () => {
  await runSteps([readSlowly(0), read(3), { do: "purge", reader: 1, name: 0 }]);
  const { statuses, stytch } = await runSteps([read(0), read(3)]);
  expect(statuses).toEqual([200, 200]);
  expect(stytch.said.map((said) => said.identifier)).toEqual([
    stytch.identifierAt(0),
    stytch.identifierAt(3),
  ]);
});

test("an open circuit refuses a second name until its probe has ended, an hour later too", async () => {
  const { statuses, stytch } = await runSteps([
    ...OPEN_CIRCUIT,
    wait(3_600),
    WORK,
    ...TWO_AT_ONCE,
    read(7, 1),
  ]);
  expect(statuses).toEqual([...Array<number>(10).fill(503), 503, 404, 404]);
  expect(stytch.said.map((said) => said.identifier)).toEqual([
    stytch.identifierAt(8),
    stytch.identifierAt(7),
  ]);
});

test("nine failed calls refuse nobody, and an answer between ten of them neither", async () => {
  const almost = OPEN_CIRCUIT.slice(0, -1);
  const first = await runSteps([...almost, WORK, ...TWO_AT_ONCE]);
  expect(first.statuses).toEqual([...Array<number>(9).fill(503), 404, 404]);
  const second = await runSteps([...almost, WORK, read(0), fail(0), read(1), WORK, ...TWO_AT_ONCE]);
  expect(second.statuses).toEqual([...Array<number>(9).fill(503), 200, 503, 404, 404]);
});

/** The object of name 0 holds an entry that the purge of its slug has ended, and backs off. */
const BACK_OFF_IN_VAIN: readonly Step[] = [read(0), wait(900), purge(3), fail(0), read(0), WORK];

test("a failure that nothing may hide is not answered again when Stytch works", async () => {
  const { statuses, stytch } = await runSteps([...BACK_OFF_IN_VAIN, read(0)]);
  expect(statuses).toEqual([200, 503, 200]);
  expect(stytch.said).toHaveLength(2);
});

test("a failure that nothing may hide is not answered again in another isolate", async () => {
  const { statuses } = await runSteps([...BACK_OFF_IN_VAIN, read(0, 2), read(0, 3)]);
  expect(statuses).toEqual([200, 503, 200, 200]);
});

test("a failure that an external ID's purge lets nothing hide is not answered again", async () => {
  const moved: Step = { do: "move external ID", organization: 0, id: 0 };
  const { statuses } = await runSteps([moved, read(0), wait(900), purge(7), fail(2), read(0), WORK, read(0)]);
  expect(statuses).toEqual([200, 502, 200]);
});

test("a failure that an older entry hides is answered without asking in a back-off", async () => {
  const { statuses, stytch } = await runSteps([read(0), wait(900), fail(1), read(0), WORK, read(0)]);
  expect(statuses).toEqual([200, 200, 200]);
  expect(stytch.said).toHaveLength(1);
});

test("an entry of the object that hid a failure hides the next one after an eviction", async () => {
  const evict: Step = { do: "evict objects" };
  const noKv: readonly Step[] = [
    { do: "KV writes fail", fail: true },
    { do: "KV reads fail", fail: true },
  ];
  const { statuses } = await runSteps([...noKv, read(0), wait(125), fail(4), read(0, 3), evict, read(0, 3)]);
  expect(statuses).toEqual([200, 200, 200]);
});

/** An organization has the slug of name 5 when that is asked for, and another one when `then` is asked for. */
const movedMeanwhile = (then: number): readonly Step[] => [
  { do: "KV reads fail", fail: true },
  { do: "move slug", organization: 2, slug: 2 },
  readSlowly(5),
  { do: "move slug", organization: 2, slug: 0 },
  read(then, 2),
  ANSWER,
  WORK,
  wait(5.5),
];

/** The slug is read until each isolate has asked again; the rules say whose it is by then. */
const SLUG_READS: readonly Step[] = [read(5), read(5, 2), read(5, 3)];

test("a slug that an answer by another slug at the same time lacks moves within a lease", async () => {
  const { statuses, stytch } = await runSteps([...movedMeanwhile(3), ...SLUG_READS]);
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  expect(stytch.said.at(-1)?.organization?.["organization_id"]).toBe(stytch.identifierAt(0));
});

test("a slug that an answer by ID at the same time lacks moves within a lease", async () => {
  const { statuses, stytch } = await runSteps([...movedMeanwhile(2), ...SLUG_READS]);
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  expect(stytch.said.at(-1)?.organization?.["organization_id"]).toBe(stytch.identifierAt(0));
});

/** Organization 0 has a slug and an external ID, which go to organization 1. */
const MOVED: readonly Step[] = [
  { do: "move external ID", organization: 0, id: 0 },
  read(3),
  read(7),
  { do: "move slug", organization: 1, slug: 0 },
  { do: "move external ID", organization: 1, id: 0 },
];
const FAIL_LATER: readonly Step[] = [wait(5.5), fail(1)];

test("an answer by ID that told of a slug's move outlives the purge for it", async () => {
  const { statuses } = await runSteps([...MOVED, force(1), ...FAIL_LATER, read(1), read(1, 2), read(1, 3)]);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
});

test("an answer by slug that told of its move outlives the purge for it", async () => {
  const { statuses } = await runSteps([...MOVED, force(3), ...FAIL_LATER, read(3), read(3, 2), read(1, 3)]);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
});

test("an answer by external ID that told of its move outlives the purge for it", async () => {
  const { statuses } = await runSteps([...MOVED, force(7), ...FAIL_LATER, read(7), read(7, 2), read(1, 3)]);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
});

test("the older answer of an organization that lost its slug to another is ended", async () => {
  const { statuses } = await runSteps([...MOVED, force(1), ...FAIL_LATER, read(0), read(0, 2)]);
  expect(statuses).toEqual([200, 200, 200, 503, 503]);
});

/**
 * The purge of organization 1 ends an answer that told of a move, and the one that replaces it fails. A caller who asked
 * by an alias may have an older answer that hides this for a lease.
 */
const purgedMeanwhile = (name: number): readonly Step[] => [
  readSlowly(name),
  fail(0),
  purge(1),
  ANSWER,
  wait(5.5),
  read(3),
  read(3, 2),
];

test("a slug that an answer by ID told to have moved has moved though that was purged", async () => {
  const { statuses } = await runSteps([...MOVED, ...purgedMeanwhile(1)]);
  expect(statuses).toEqual([200, 200, 503, 503, 503]);
});

test("a slug that an answer by external ID told to have moved has moved though purged", async () => {
  const { statuses } = await runSteps([...MOVED, wait(125), ...purgedMeanwhile(7)]);
  expect(statuses).toEqual([200, 200, 200, 503, 503]);
});

test("a slug whose own answer told of its move has moved though that was purged", async () => {
  const { statuses } = await runSteps([...MOVED, wait(125), ...purgedMeanwhile(3)]);
  expect(statuses).toEqual([200, 200, 200, 503, 503]);
});

/** An alias goes to organization 1, which an answer by ID tells, back to 0, which an answer by the alias tells, and away. */
const movedTwice = (move: (organization: number) => Step, name: number, between: readonly Step[]) => [
  ...[move(0), read(name), move(1), force(1), ...between],
  ...[move(0), read(name), ...between, move(1), force(1), ...between],
  ...[wait(5.5), read(name), read(name, 2)],
];
const moveSlug = (organization: number): Step => ({ do: "move slug", organization, slug: 0 });
const moveExternalId = (organization: number): Step => ({ do: "move external ID", organization, id: 0 });

test.each<[string, (organization: number) => Step, number, readonly Step[]]>([
  ["a slug", moveSlug, 3, []],
  ["an external ID", moveExternalId, 7, []],
  ["a slug, amid evictions,", moveSlug, 3, [wait(5.5), { do: "evict objects" }]],
])("%s that moves, returns and moves again has moved", async (_, move, name, between) => {
  const { statuses, stytch } = await runSteps(movedTwice(move, name, between));
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
  expect(stytch.said.at(-1)?.organization?.["organization_id"]).toBe(stytch.identifierAt(1));
});

test("an answer that comes two hours late is given to all that wait for it", async () => {
  const { statuses } = await runSteps([readSlowly(0), wait(3_600), read(0, 1), wait(3_600), ANSWER]);
  expect(statuses).toEqual([200, 200]);
});

test("no deadline of Postern passes by real time", async () => {
  stopDeadlines();
  let hasPassed = false;
  const timer = setTimeout(() => {
    hasPassed = true;
  }, 100);
  const signal = AbortSignal.timeout(100);
  await pause(150);
  clearTimeout(timer);
  expect([hasPassed, signal.aborted]).toEqual([false, false]);
});
