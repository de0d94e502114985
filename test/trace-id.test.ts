/** The trace of a caller in the log line: W3C Trace Context. */
import { expect, test } from "vitest";
import { useClock } from "./support/clock.ts";
import { createIsolate } from "./support/deployment.ts";
import { logLines } from "./support/egress.ts";
import { setUpOrganization } from "./support/setup.ts";

useClock();

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

test("the log line of every request that has a traceparent names its trace", async () => {
  const { isolate, key, path, upstream } = await setUpOrganization();
  const headers = { traceparent, tracestate: "vendor=canary" };
  const read = async (options: Parameters<typeof isolate.call>[1], to = path) => {
    const { status } = await isolate.call(to, { headers, ...options });
    return [status, logLines().at(-1)?.["trace_id"]];
  };
  expect(await read({ key })).toEqual([200, TRACE_ID]);
  expect(await read({ key })).toEqual([200, TRACE_ID]);
  expect(await read({})).toEqual([401, TRACE_ID]);
  expect(await read({ key }, "/nonsense")).toEqual([404, TRACE_ID]);
  expect(JSON.stringify(logLines())).not.toContain("canary");
  // Stytch is told nothing of the caller's trace.
  expect(upstream.requests).toHaveLength(1);
  expect(JSON.stringify(upstream.requests[0]?.headers)).not.toContain("trace");
});

test("a misconfigured deployment logs the trace, too", async () => {
  await createIsolate({ STYTCH_SECRET: "" }).call("/whoami", { headers: { traceparent } });
  expect(logLines().at(-1)).toMatchObject({ error_type: "misconfigured", trace_id: TRACE_ID });
});

test("a traceparent that names no trace is neither logged nor answered", async () => {
  const { isolate, key, path } = await setUpOrganization();
  const response = await isolate.call(path, { key, headers: { traceparent: "00-canary-canary-01" } });
  expect(response.status).toBe(200);
  expect(logLines().at(-1)).not.toHaveProperty("trace_id");
  expect(JSON.stringify([logLines(), ...response.headers])).not.toContain("canary");
});
