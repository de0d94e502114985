/** The calls of sessions: their limit, their count, and many at once. */
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { organizationPath } from "../support/paths.ts";
import { useSessions } from "../support/sessions.ts";
import { publicHour } from "../support/usage.ts";

const clock = useClock();
const setUp = useSessions();

test("the policy's limit holds for each member by itself, in an isolate", async () => {
  await setUp.allow({ rate_limit: { limit: 2, period_seconds: 60 } });
  const path = organizationPath(setUp.world.organization);
  const [ada, again, grace] = [
    await setUp.token(),
    await setUp.token(),
    await setUp.token({ sub: `member-test-${crypto.randomUUID()}` }),
  ];
  const first = await setUp.read(path, ada);
  expect(first.headers.get("RateLimit-Policy")).toBe('"key";q=2;w=60');
  expect(first.headers.get("RateLimit")).toBe('"key";r=1;t=30');
  // Another token of the same member.
  expect((await setUp.read(path, again)).status).toBe(200);
  const refused = await setUp.read(path, ada);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("Retry-After")).toBe("30");
  expect(refused.headers.get("RateLimit")).toBe('"key";r=0;t=30');
  expect((await refused.json<{ error_type: string }>()).error_type).toBe("too_many_requests");
  expect((await setUp.read(path, grace)).status).toBe(200);
  expect((await createIsolate().call(path, { key: ada })).status).toBe(200);
  clock.advance(30);
  expect((await setUp.read(path, ada)).status).toBe(200);
});

test("the calls of sessions are counted", async () => {
  await setUp.allow({ rate_limit: { limit: 1, period_seconds: 60 } });
  const path = organizationPath(setUp.world.organization);
  const token = await setUp.token();
  await setUp.read(path, token);
  await setUp.read(path, token);
  await setUp.read(`${path}/metrics`, await setUp.token({ sub: "member-test-other" }));
  await setUp.read("/whoami", token);
  for (const seconds of [5, 10]) {
    clock.at(seconds);
    await setUp.read("/whoami", token);
  }
  const usage = await setUp.isolate.admin("GET", "/admin/session-policy/usage?hours=1");
  expect(await usage.json()).toEqual({
    hours: [publicHour("2027-01-15T08:00:00Z", { requests: 2, rate_limited: 1, misses: 1, denied: 1 })],
  });
});

test("40 first calls of one token at once are all let in", async () => {
  await setUp.allow();
  const token = await setUp.token();
  const path = organizationPath(setUp.world.organization);
  const responses = await Promise.all(Array.from({ length: 40 }, () => setUp.read(path, token)));
  expect(responses.map(({ status }) => status)).toEqual(Array(40).fill(200));
  expect(setUp.jwksRequests()).toBe(1);
});
