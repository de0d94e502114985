import { afterEach, describe, expect, test, vi } from "vitest";
import { readBounded } from "../../src/platform/bounded-body.ts";
import { parseJson } from "../../src/platform/bounded-json.ts";
import { TimeoutError, withTimeout } from "../../src/platform/timeout.ts";

afterEach(() => vi.useRealTimers());

const bytes = (text: string) => new TextEncoder().encode(text);

/** A body in chunks of these sizes, and what became of it. */
function body(...sizes: number[]) {
  const seen = { pulled: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const size = sizes[seen.pulled];
        if (size === undefined) return controller.close();
        seen.pulled += 1;
        controller.enqueue(new Uint8Array(size).fill(seen.pulled));
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

describe("readAtMost", () => {
  test("a body of exactly the bound is read whole, its chunks in order", async () => {
    const { stream, seen } = body(2, 0, 3);
    expect(await readBounded(5, stream)).toEqual(new Uint8Array([1, 1, 3, 3, 3]));
    expect(seen.cancelled).toBe(false);
  });

  test("a body of one byte more is refused, and the rest of it is neither read nor left open", async () => {
    const { stream, seen } = body(5, 1, 1_000, 1_000);
    expect(await readBounded(5, stream)).toBeUndefined();
    expect(seen).toEqual({ pulled: 2, cancelled: true });
  });

  test("no body is one of no bytes", async () => {
    expect(await readBounded(0, null)).toEqual(new Uint8Array(0));
  });

  test("a body that breaks off is not taken for a short one", async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes("{}"));
        controller.error(new Error("connection lost"));
      },
    });
    await expect(readBounded(5, stream)).rejects.toThrow("connection lost");
  });
});

describe("within", () => {
  test("work that is done in time answers, and leaves no timer behind", async () => {
    vi.useFakeTimers();
    expect(await withTimeout(100, Promise.resolve("done"))).toBe("done");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("work that fails in time fails as it did, and leaves no timer behind", async () => {
    vi.useFakeTimers();
    await expect(withTimeout(100, Promise.reject(new Error("its own")))).rejects.toThrow("its own");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("work that hangs is given up at the bound, and not a millisecond before", async () => {
    vi.useFakeTimers();
    const outcome = vi.fn<(error: unknown) => void>();
    const waiting = withTimeout(100, new Promise(() => {})).catch(outcome);
    await vi.advanceTimersByTimeAsync(99);
    expect(outcome).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(outcome.mock.calls[0]?.[0]).toBeInstanceOf(TimeoutError);
  });
});

describe("parseJson", () => {
  const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const nestedObjects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  test("200 levels are read, of lists and of objects", () => {
    expect(parseJson(bytes(nested(200)))).toBeDefined();
    expect(parseJson(bytes(nestedObjects(200)))).toBeDefined();
  });

  test("201 levels are refused, of lists, of objects and of both", () => {
    expect(parseJson(bytes(nested(201)))).toBeUndefined();
    expect(parseJson(bytes(nestedObjects(201)))).toBeUndefined();
    expect(parseJson(bytes(`{"a":${nested(200)}}`))).toBeUndefined();
    expect(parseJson(bytes(nested(100_000)))).toBeUndefined();
  });

  test("many brackets beside each other are not depth", () => {
    expect(parseJson(bytes(`[${"[],{},".repeat(500)}1]`))).toHaveLength(1_001);
  });

  test("brackets inside strings are not depth, also behind escaped quotes and backslashes", () => {
    for (const text of [
      "[".repeat(300),
      `"${"{".repeat(300)}`,
      `\\"${"[".repeat(300)}`,
      `\\\\${"[".repeat(300)}`,
    ]) {
      expect(parseJson(bytes(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
    }
  });

  test("a string that ends in a backslash does not hide the depth behind it", () => {
    expect(parseJson(bytes(`["\\\\",${nested(200)}]`))).toBeUndefined();
  });

  test("a string as long as a body may be is read", () => {
    const text = "x".repeat(1024 * 1024 - 2);
    expect(parseJson(bytes(`"${text}"`))).toBe(text);
  });

  test("quotes without an end cost no more than their length", { timeout: 1_000 }, () => {
    expect(parseJson(bytes(`"${'\\"'.repeat(50_000)}`))).toBeUndefined();
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["HTML", bytes("<html></html>")],
    ["JSON with something behind it", bytes("{} {}")],
    ["a byte order mark", bytes("\uFEFF{}")],
    ["invalid UTF-8 inside a string", new Uint8Array([0x22, 0xff, 0x22])],
    ["an overlong encoding", new Uint8Array([0x22, 0xc0, 0xaf, 0x22])],
    ["an encoded surrogate", new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])("%s is not JSON", (_, given) => {
    expect(parseJson(given)).toBeUndefined();
  });
});
