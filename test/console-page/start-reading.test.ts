/** When a view reads its data, and which answer it shows. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startReading } from "../../console/components/start-reading.ts";

class Page extends EventTarget {
  visibilityState = "visible";

  turn(visibilityState: "visible" | "hidden"): void {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

const REFRESH_MS = 10_000;

let page: Page;
let reads: { readonly signal: AbortSignal; readonly answer: PromiseWithResolvers<string> }[];
let shown: string[];
beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  reads = [];
  shown = [];
});
afterEach(() => void vi.useRealTimers());

const start = (refreshMs = REFRESH_MS) =>
  startReading<string>(page, {
    load: async (signal) => {
      const answer = Promise.withResolvers<string>();
      reads.push({ signal, answer });
      return await answer.promise;
    },
    refreshMs,
    onData: (data) => void shown.push(data),
    onError: (error) => void shown.push(String(error)),
  });

const pass = async (ms: number) => await vi.advanceTimersByTimeAsync(ms);

test.each([0, REFRESH_MS])(
  "a page opened in the background reads its data, refreshed every %i ms",
  async (ms) => {
    page.visibilityState = "hidden";
    start(ms);
    reads[0]?.answer.resolve("first");
    await pass(0);
    expect(shown).toEqual(["first"]);
  },
);

test("a hidden page is not refreshed, and is as soon as somebody looks again", async () => {
  start();
  reads[0]?.answer.resolve("first");
  page.turn("hidden");
  await pass(5 * REFRESH_MS);
  expect(reads.length).toBe(1);
  page.turn("visible");
  expect(reads.length).toBe(2);
});

test("an answer that comes after that of a later read is not shown", async () => {
  start();
  page.turn("hidden");
  page.turn("visible");
  expect(reads.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  reads[1]?.answer.resolve("later");
  await pass(0);
  reads[0]?.answer.resolve("earlier");
  await pass(0);
  expect(shown).toEqual(["later"]);
});

test("a look during a read does not double the refreshes", async () => {
  start();
  page.turn("hidden");
  page.turn("visible");
  for (const { answer } of reads) answer.resolve("read");
  await pass(REFRESH_MS);
  expect(reads.length).toBe(3);
});

test("a failure is told, and the next refresh is tried all the same", async () => {
  start();
  reads[0]?.answer.reject(new Error("down"));
  await pass(REFRESH_MS);
  reads[1]?.answer.resolve("up");
  await pass(0);
  expect(shown).toEqual(["Error: down", "up"]);
});

test("nothing is read or shown after the end", async () => {
  const end = start();
  end();
  reads[0]?.answer.resolve("late");
  page.turn("visible");
  await pass(5 * REFRESH_MS);
  expect([reads.length, shown]).toEqual([1, []]);
});
