/** The headers of an organization's answer, which are kept for as long as they stay the same. */
import { expect, test } from "vitest";
import { organizationResponse } from "../../src/api/response.ts";
import type { Entry } from "../../src/cache/entry.ts";
import type { FoundEntry } from "../../src/cache/lookup-result.ts";
import { parseConfig } from "../../src/config.ts";
import type { RequestContext } from "../../src/request-context.ts";
import { RequestLog } from "../../src/request-log.ts";
import { TEST_VARS } from "../support/vars.ts";

const NOW = 1_800_000_000_000;

const entry = (): Entry => ({
  organizationId: "organization-test-1",
  slug: "one",
  externalId: null,
  body: new TextEncoder().encode("{}") as Uint8Array<ArrayBuffer>,
  etag: 'W/"one"',
  requestedAt: NOW,
  receivedAt: NOW,
  purgeEpoch: 0,
});

function answer(
  of: Entry,
  source: FoundEntry["source"],
  ms: number,
  headers: Record<string, string> = {},
): Response {
  const configured = parseConfig({ ...TEST_VARS, CACHE_FRESH_SECONDS: "60" });
  if ("problems" in configured) throw new Error(JSON.stringify(configured.problems));
  const request = new Request("https://postern.test/", { headers });
  const call = {
    request,
    config: configured.config,
    log: new RequestLog("GET"),
    timings: { key: 0 },
  } as unknown as RequestContext;
  return organizationResponse(call, { entry: of, source, isStored: true }, of, NOW + ms);
}
const told = ({ headers }: Response) =>
  ["Age", "Cache-Control", "Cache-Status"].map((name) => headers.get(name));

test("each answer tells the age that it has, from wherever it came, and whatever was answered before", () => {
  const one = entry();
  for (const [source, ms, expected] of [
    ["memory", 0, ["0", "private, max-age=60", "postern; hit; ttl=60; detail=memory"]],
    ["memory", 999, ["0", "private, max-age=60", "postern; hit; ttl=60; detail=memory"]],
    ["memory", 1_000, ["1", "private, max-age=59", "postern; hit; ttl=59; detail=memory"]],
    ["kv", 1_000, ["1", "private, max-age=59", "postern; hit; ttl=59; detail=kv"]],
    [
      "collapsed",
      1_000,
      ["1", "private, max-age=59", "postern; fwd=miss; fwd-status=200; stored; collapsed"],
    ],
    [
      "collapsed",
      3_000,
      ["3", "private, max-age=57", "postern; fwd=miss; fwd-status=200; stored; collapsed"],
    ],
    ["memory", 61_000, ["61", "private, max-age=0", "postern; hit; ttl=-1; detail=memory"]],
  ] as const) {
    expect(told(answer(one, source, ms))).toEqual(expected);
  }
});

test("what is set on one answer is on no other, nor is what belongs to a body on a 304", () => {
  const one = entry();
  answer(one, "memory", 0).headers.set("RateLimit", "of another key");
  const notModified = answer(one, "memory", 0, { "If-None-Match": 'W/"one"' });
  expect([notModified.status, notModified.headers.get("Content-Type")]).toEqual([304, null]);
  const next = answer(one, "memory", 0);
  expect([next.headers.get("RateLimit"), next.headers.get("Content-Type")]).toEqual([
    null,
    "application/json",
  ]);
});
