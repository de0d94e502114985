/** Which values of `traceparent` name a trace: W3C Trace Context §3.2 and §4.3. */
import { expect, test } from "vitest";
import { traceIdOf } from "../../src/platform/traceparent.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID = "00f067aa0ba902b7";

test.each([
  ["of version 00", `00-${TRACE_ID}-${PARENT_ID}-01`],
  ["that is not sampled", `00-${TRACE_ID}-${PARENT_ID}-00`],
  ["with unknown flags", `00-${TRACE_ID}-${PARENT_ID}-ff`],
  ["of a later version", `01-${TRACE_ID}-${PARENT_ID}-01`],
  ["of a later version with more after it", `cc-${TRACE_ID}-${PARENT_ID}-01-what-the-future-adds`],
])("a traceparent %s names its trace", (_, header) => {
  expect(traceIdOf(header)).toBe(TRACE_ID);
});

test.each([
  ["none", null],
  ["an empty one", ""],
  ["the forbidden version", `ff-${TRACE_ID}-${PARENT_ID}-01`],
  ["a trace ID of zeros", `00-${"0".repeat(32)}-${PARENT_ID}-01`],
  ["a parent ID of zeros", `00-${TRACE_ID}-${"0".repeat(16)}-01`],
  ["capitals", `00-${TRACE_ID.toUpperCase()}-${PARENT_ID}-01`],
  ["a short trace ID", `00-${TRACE_ID.slice(1)}-${PARENT_ID}-01`],
  ["a long trace ID", `00-${TRACE_ID}0-${PARENT_ID}-01`],
  ["no flags", `00-${TRACE_ID}-${PARENT_ID}`],
  ["flags of one digit", `00-${TRACE_ID}-${PARENT_ID}-1`],
  ["more after version 00", `00-${TRACE_ID}-${PARENT_ID}-01-more`],
  ["a hyphen after version 00", `00-${TRACE_ID}-${PARENT_ID}-01-`],
  ["more without a hyphen after a later version", `01-${TRACE_ID}-${PARENT_ID}-01more`],
  ["a line break", `00-${TRACE_ID}-${PARENT_ID}-01\n`],
  ["two of them", `00-${TRACE_ID}-${PARENT_ID}-01, 00-${TRACE_ID}-${PARENT_ID}-01`],
  ["something else", "ada@acme.example"],
])("a traceparent with %s names no trace", (_, header) => {
  expect(traceIdOf(header)).toBeNull();
});
