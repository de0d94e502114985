/** How long a 429 pauses what was asked for, as callers of the API meet it. */
import { expect, test } from "vitest";
import {
  newMemberPath,
  newOrganizationPath,
  respondInTurn,
  respondWithMember,
} from "../support/failing-upstream.ts";
import { json } from "../support/upstream.ts";
import { limited, read, upstream, useUpstream } from "../support/upstream-isolate.ts";

const clock = useUpstream();
test("the pause of the operation ends after an hour at most", async () => {
  respondInTurn(upstream, limited("999999999"));
  for (const _ of [1, 2, 3, 4]) {
    expect((await read(newMemberPath())).headers.get("Retry-After")).toBe("3600");
  }
  respondInTurn(upstream, respondWithMember(upstream));
  clock.at(3_600);
  expect((await read(newMemberPath())).status).toBe(200);
  expect(upstream.requests).toHaveLength(4);
});

test("a 503 with a longer Retry-After than an hour is passed on as an hour, and pauses nothing", async () => {
  const path = newMemberPath();
  respondInTurn(upstream, () => json({}, 503, { "Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT" }));
  expect((await read(path)).headers.get("Retry-After")).toBe("3600");
  respondInTurn(upstream, respondWithMember(upstream));
  expect((await read(path)).status).toBe(200);
});

test.each([[null], [""], ["soon"], ["-5"], ["1.5"], ["4, 5"], ["2026-11-21T20:00:00Z"]])(
  "a 429 with Retry-After %j pauses its object for 2 s, and callers are told so",
  async (header) => {
    for (const newPath of [newMemberPath, newOrganizationPath]) {
      clock.at(0);
      const path = newPath();
      const before = upstream.requests.length;
      respondInTurn(upstream, limited(header));
      for (const [ms, told] of [
        [0, "2"],
        [0, "2"],
        [1_000, "1"],
        [1_999, "1"],
      ] as const) {
        clock.atMs(ms);
        const refused = await read(path);
        expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, told]);
      }
      expect(upstream.requests.length - before).toBe(1);
      // One object pauses no other one.
      respondInTurn(upstream, respondWithMember(upstream));
      expect((await read(newMemberPath())).status).toBe(200);
      const answered = upstream.requests.length;
      clock.atMs(2_000);
      await read(path);
      expect(upstream.requests.length - answered).toBe(1);
    }
  },
);

test("three objects refused without Retry-After pause their operation for 2 s", async () => {
  for (const newPath of [newMemberPath, newOrganizationPath]) {
    clock.at(0);
    const before = upstream.requests.length;
    respondInTurn(upstream, limited(null));
    for (let i = 0; i < 10; i += 1) expect((await read(newPath())).headers.get("Retry-After")).toBe("2");
    expect(upstream.requests.length - before).toBe(3);
    clock.atMs(1_999);
    expect((await read(newPath())).headers.get("Retry-After")).toBe("1");
    expect(upstream.requests.length - before).toBe(3);
    clock.at(2);
    await read(newPath());
    expect(upstream.requests.length - before).toBe(4);
  }
});

test("a 429 with a Retry-After of 0 pauses nothing", async () => {
  respondInTurn(upstream, limited("0"));
  const path = newMemberPath();
  for (const one of [path, path, newMemberPath(), newMemberPath()]) {
    expect((await read(one)).headers.get("Retry-After")).toBe("1");
  }
  expect(upstream.requests).toHaveLength(4);
});
