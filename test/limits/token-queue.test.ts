/** The calls of an isolate that wait for tokens of their own, without an object. */
import { expect, test } from "vitest";
import { TOKEN_TIMEOUT_MS, TokenQueue, type Turn } from "../../src/limits/token-queue.ts";
import { NOW } from "../support/clock.ts";

/** A queue whose first call is asking, and the turns of those who wait. */
function createQueue() {
  const queue = new TokenQueue();
  const turns: Turn[][] = [];
  const join = (now = NOW) => {
    const own: Turn[] = [];
    const leave = queue.join(now, (turn) => own.push(turn));
    if (leave !== null) turns.push(own);
    return leave;
  };
  const begin = (now = NOW) => queue.begin(now);
  expect(join()).toBeNull();
  return {
    queue,
    turns,
    join,
    begin,
    joinMany: (count: number) => Array.from({ length: count }, () => join()),
  };
}

test("a question asks for all who wait when it begins, and tells as many as have a token", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  joinMany(3);
  const question = begin();
  expect(question.others).toHaveLength(3);
  queue.end(question, 2, NOW);
  expect(turns).toEqual([["granted"], ["granted"], ["refused"]]);
});

test("who comes during a question waits for the next one, which one of them asks for all", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  const question = begin();
  joinMany(3);
  queue.end(question, 0, NOW);
  expect(turns).toEqual([["ask"], [], []]);
  // Nobody else asks until it does.
  joinMany(1);
  const next = begin();
  expect(next.others).toHaveLength(3);
  queue.end(next, 3, NOW);
  expect(turns).toEqual([["ask"], ["granted"], ["granted"], ["granted"]]);
});

test("after a question that fails soon, one of those it was for asks again, once", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  joinMany(3);
  queue.end(begin(), "failed", NOW);
  expect(turns).toEqual([["ask"], [], []]);
  const again = begin();
  expect(again.others).toHaveLength(2);
  queue.end(again, "failed", NOW);
  expect(turns).toEqual([["ask"], ["failed"], ["failed"]]);
});

test("a question that took half of its timeout to fail is not asked again", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  joinMany(2);
  queue.end(begin(), "failed", NOW + TOKEN_TIMEOUT_MS / 2);
  expect(turns).toEqual([["failed"], ["failed"]]);
});

test("all are told if the limit has been lifted", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  joinMany(2);
  queue.end(begin(), "unlimited", NOW);
  expect(turns).toEqual([["unlimited"], ["unlimited"]]);
});

test("an object of an earlier version answers for one call, so all others ask for themselves", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  joinMany(2);
  queue.end(begin(), "ask", NOW);
  expect(turns).toEqual([["ask"], ["ask"]]);
});

test("nobody waits for a question that must have ended, or one from before the clock went back", () => {
  const { join, begin } = createQueue();
  begin();
  expect(join(NOW + TOKEN_TIMEOUT_MS - 1)).not.toBeNull();
  expect(join(NOW + TOKEN_TIMEOUT_MS)).toBeNull();
  expect(join(NOW)).toBeNull();
});

test("a call that has left is neither asked for nor told to ask", () => {
  const { queue, turns, joinMany, begin } = createQueue();
  const question = begin();
  const [leave] = joinMany(2);
  leave?.();
  queue.end(question, 0, NOW);
  expect(turns).toEqual([[], ["ask"]]);
  expect(begin().others).toHaveLength(0);
});

test("a question that ends late leaves its successor alone", () => {
  const { queue, turns, join, joinMany, begin } = createQueue();
  const late = begin();
  expect(join(NOW + TOKEN_TIMEOUT_MS)).toBeNull();
  const next = begin(NOW + TOKEN_TIMEOUT_MS);
  joinMany(0);
  expect(join(NOW + TOKEN_TIMEOUT_MS)).not.toBeNull();
  queue.end(late, 0, NOW + TOKEN_TIMEOUT_MS);
  expect(turns).toEqual([[]]);
  queue.end(next, 0, NOW + TOKEN_TIMEOUT_MS);
  expect(turns).toEqual([["ask"]]);
});

test("calls beyond a thousand do not wait", () => {
  const { join, joinMany, begin } = createQueue();
  begin();
  expect(joinMany(1_000).every((leave) => leave !== null)).toBe(true);
  expect(join()).toBeNull();
  expect(begin().others).toHaveLength(1_000);
});
