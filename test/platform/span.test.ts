/** The spans of a request: made only if it is traced. */
import { expect, test, vi } from "vitest";
import { inSpan } from "../../src/platform/span.ts";

/** `isTraced`: undefined if no span is active. */
function tracerOf(isTraced: boolean | undefined) {
  return {
    getActiveSpan: () => (isTraced === undefined ? undefined : ({ isTraced } as Span)),
    enterSpan: vi.fn((_: string, work: (span: Span) => unknown) =>
      work({ isTraced } as Span),
    ) as Tracing["enterSpan"],
  };
}

test("the work of a traced request has a span with the name of the stage", async () => {
  const tracer = tracerOf(true);
  expect(await inSpan("upstream", async () => "answer", tracer)).toBe("answer");
  expect(tracer.enterSpan).toHaveBeenCalledExactlyOnceWith("upstream", expect.any(Function));
});

test.each([false, undefined])("a request that is not traced has no spans (traced: %s)", async (isTraced) => {
  const tracer = tracerOf(isTraced);
  expect(await inSpan("key", async () => "answer", tracer)).toBe("answer");
  expect(tracer.enterSpan).not.toHaveBeenCalled();
});

test.each([true, false])("a failure of the work is the span's own (traced: %s)", async (isTraced) => {
  const failing = inSpan("cache", async () => await Promise.reject(new Error("failed")), tracerOf(isTraced));
  await expect(failing).rejects.toThrow("failed");
});

test("the runtime's own tracer runs the work", async () => {
  expect(await inSpan("key", async () => "answer")).toBe("answer");
});
