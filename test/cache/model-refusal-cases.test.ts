/** Sequences of the model test with refusals, a 429 or a 404 of Stytch that failed once, and their relatives. */
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { runSteps, type Step } from "../support/model-steps.ts";
import { ANSWER, fail, force, purge, read, readSlowly, WORK, wait } from "../support/steps.ts";

useClock();

test("a refusal of Postern itself is hidden by an answer of an hour ago, and ends nothing", async () => {
  for (const how of [5, 6, 7, 8]) {
    const refused: readonly Step[] = [fail(how), read(0), read(3), read(8), force(0), wait(900), read(0)];
    const { statuses } = await runSteps([read(0), read(3), wait(900), ...refused, WORK, wait(30), read(0)]);
    expect(statuses).toEqual([200, 200, 200, 200, 502, 502, 200, 200]);
  }
});

test("a 429's Retry-After refuses its own name until then, and others after three", async () => {
  const { statuses, stytch } = await runSteps([
    ...[fail(9), read(0), WORK, read(0), read(1), fail(9), read(2), read(3), read(4), WORK],
    ...[read(5), wait(11), read(5), wait(11), read(5), read(0)],
  ]);
  expect(statuses).toEqual([503, 503, 200, 503, 503, 503, 503, 503, 200, 200]);
  expect(stytch.said).toHaveLength(3);
});

test("a 404 from before a purge ends with it, though the object listed one of its own since", async () => {
  const { statuses, stytch } = await runSteps([
    { do: "objects hear of purges", hear: false },
    read(1),
    { do: "delete or restore", organization: 1 },
    wait(900),
    readSlowly(1),
    purge(1, 1),
    ANSWER,
    wait(5.5),
    read(1),
  ]);
  expect(statuses).toEqual([200, 404, 404]);
  expect(stytch.said).toHaveLength(3);
});
