/** The circuit breaker, as callers of the API meet it. */
import { expect, test } from "vitest";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import {
  newMemberPath,
  newOrganizationPath,
  refuseConnection,
  respondInTurn,
  respondWith,
  respondWithMember,
  skipRetryDelays,
} from "../support/failing-upstream.ts";
import { organizationPath } from "../support/paths.ts";
import { json } from "../support/upstream.ts";
import { isolate, key, upstream, useUpstream } from "../support/upstream-isolate.ts";

const clock = useUpstream();
test("ten failed calls open the circuit; then one call in 2 s is made, as a probe", async () => {
  respondInTurn(upstream, respondWith(500));
  for (let i = 0; i < 10; i += 1) expect((await isolate.call(newMemberPath(), { key })).status).toBe(503);
  expect(upstream.requests).toHaveLength(10);
  const refused = await isolate.call(newMemberPath(), { key });
  expect(await refused.json()).toMatchObject({ status_code: 503, error_type: "upstream_unavailable" });
  expect(logLines().at(-1)).toMatchObject({
    upstream: null,
    upstream_detail: "not called: the circuit is open",
  });
  clock.atMs(1_999);
  await isolate.call(newMemberPath(), { key });
  expect(upstream.requests).toHaveLength(10);
  clock.atMs(2_000);
  for (const _ of [1, 2, 3]) await isolate.call(newMemberPath(), { key });
  expect(upstream.requests).toHaveLength(11);
  respondInTurn(upstream, respondWithMember(upstream));
  clock.atMs(4_000);
  for (const _ of [1, 2]) expect((await isolate.call(newMemberPath(), { key })).status).toBe(200);
  expect(upstream.requests).toHaveLength(13);
});

test("an open circuit holds for all organizations, and stale entries hide it", async () => {
  skipRetryDelays();
  const known = organization();
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  await isolate.call(organizationPath(known), { key });
  clock.atMs(130_000);
  respondInTurn(upstream, refuseConnection);
  const failing = Array.from({ length: 10 }, () => createIsolate().call(newOrganizationPath(), { key }));
  await Promise.all(failing);
  expect(upstream.requests).toHaveLength(31);
  expect((await createIsolate().call(newOrganizationPath(), { key })).status).toBe(503);
  const hidden = await createIsolate().call(organizationPath(known), { key });
  expect(hidden.headers.get("Cache-Status")).toBe("postern; hit; ttl=-70; detail=kv");
  expect(upstream.requests).toHaveLength(31);
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  clock.atMs(132_000);
  expect((await createIsolate().call(organizationPath(known), { key })).headers.get("Cache-Status")).toMatch(
    /fwd=miss/,
  );
});

test("answers of Stytch do not open the circuit, whatever their status", async () => {
  for (let i = 0; i < 12; i += 1) {
    respondInTurn(
      upstream,
      [respondWith(404), respondWith(400), respondWith(401), respondWith(429), () => json([])][i % 5] ??
        respondWith(404),
    );
    await isolate.call(newMemberPath(), { key });
  }
  expect(upstream.requests).toHaveLength(12);
});
