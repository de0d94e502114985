import { expect, test } from "vitest";
import { readBounded } from "../../src/platform/bounded-body.ts";

/** A body in chunks of these sizes; `seen` tells how many were pulled, and whether the rest was cancelled. */
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

test("a body of exactly maxBytes is read whole, its chunks in order", async () => {
  const { stream, seen } = body(2, 0, 3);
  expect(await readBounded(5, stream)).toEqual(new Uint8Array([1, 1, 3, 3, 3]));
  expect(seen.cancelled).toBe(false);
});

test("a body of one byte more is refused, and its rest is cancelled unread", async () => {
  const { stream, seen } = body(5, 1, 1_000, 1_000);
  expect(await readBounded(5, stream)).toBeUndefined();
  expect(seen).toEqual({ pulled: 2, cancelled: true });
});

test("a null body reads as an empty one", async () => {
  expect(await readBounded(0, null)).toEqual(new Uint8Array(0));
});

test("a body that breaks off rejects, and does not pass for a short one", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array([0x7b, 0x7d]));
      controller.error(new Error("connection lost"));
    },
  });
  await expect(readBounded(5, stream)).rejects.toThrow("connection lost");
});
