/** The headers of an organization response, which are cached until they change. */
import { expect, test } from "vitest";
import { cachedResponse } from "../../src/api/response.ts";
import type { Entry } from "../../src/cache/entry.ts";
import type { FoundEntry } from "../../src/cache/lookup-result.ts";
import { requireIsolateState } from "../../src/isolate-state.ts";
import { RequestContext } from "../../src/request-context.ts";
import { RequestLog } from "../../src/request-log.ts";
import { NOW } from "../support/clock.ts";
import { TEST_VARS } from "../support/vars.ts";

const createEntry = (): Entry => ({
  name: "organization-test-1",
  organizationId: "organization-test-1",
  slug: "one",
  externalId: null,
  body: new TextEncoder().encode("{}") as Uint8Array<ArrayBuffer>,
  etag: 'W/"one"',
  requestedAt: NOW,
  receivedAt: NOW,
  purgeEpoch: 0,
});

/** The state of one isolate, which keeps the last headers. */
const state = requireIsolateState({
  ...TEST_VARS,
  CACHE_FRESH_SECONDS: "60",
  CLIENT_CACHE_SECONDS: "30",
} as unknown as Env);

function respond(
  entry: Entry,
  source: FoundEntry["source"],
  ms: number,
  headers: Record<string, string> = {},
): Response {
  const request = new Request("https://postern.test/", { headers });
  const context = new RequestContext(
    request,
    {} as Env,
    state,
    new RequestLog(new Request("https://postern.example")),
    {
      waitUntil: () => {},
    },
  );
  return cachedResponse(context, { entry, source, isStored: true }, entry, NOW + ms);
}
const ageHeaders = ({ headers }: Response) =>
  ["Age", "Cache-Control", "Cache-Status"].map((name) => headers.get(name));

test("each response states its own age and source, whatever was sent before", () => {
  const entry = createEntry();
  for (const [source, ms, expected] of [
    ["memory", 0, ["0", "private, max-age=30", "postern; hit; ttl=60; detail=memory"]],
    ["memory", 999, ["0", "private, max-age=30", "postern; hit; ttl=60; detail=memory"]],
    ["memory", 1_000, ["1", "private, max-age=31", "postern; hit; ttl=59; detail=memory"]],
    ["kv", 1_000, ["1", "private, max-age=31", "postern; hit; ttl=59; detail=kv"]],
    [
      "collapsed",
      1_000,
      ["1", "private, max-age=31", "postern; fwd=miss; fwd-status=200; stored; collapsed"],
    ],
    [
      "collapsed",
      3_000,
      ["3", "private, max-age=33", "postern; fwd=miss; fwd-status=200; stored; collapsed"],
    ],
    ["memory", 45_000, ["45", "private, max-age=60", "postern; hit; ttl=15; detail=memory"]],
    ["memory", 61_000, ["61", "private, no-cache", "postern; hit; ttl=-1; detail=memory"]],
  ] as const) {
    expect(ageHeaders(respond(entry, source, ms))).toEqual(expected);
  }
});

test("a header set on one response is on no other, and a 304 has no Content-Type", () => {
  const entry = createEntry();
  respond(entry, "memory", 0).headers.set("RateLimit", "of another key");
  const notModified = respond(entry, "memory", 0, { "If-None-Match": 'W/"one"' });
  expect([notModified.status, notModified.headers.get("Content-Type")]).toEqual([304, null]);
  const next = respond(entry, "memory", 0);
  expect([next.headers.get("RateLimit"), next.headers.get("Content-Type")]).toEqual([
    null,
    "application/json",
  ]);
});

test("each response has the date of its own second, even if its age is that of the last one", () => {
  const entry = { ...createEntry(), receivedAt: NOW + 500 };
  for (const ms of [500, 999, 1_000, 1_499, 1_500]) {
    const { headers } = respond(entry, "memory", ms);
    expect(headers.get("Date"), `${ms} ms`).toBe(new Date(NOW + ms).toUTCString());
    expect(headers.get("Age"), `${ms} ms`).toBe(ms < 1_500 ? "0" : "1");
  }
});
