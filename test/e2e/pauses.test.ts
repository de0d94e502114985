/** What a 429 of Stytch pauses, on real sockets: the object that was asked for, or the operation. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { getMembers, organizations } from "../../sandbox/seed.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { type ClockedPostern, startClockedPostern } from "./postern.ts";

const members = getMembers();

let postern: ClockedPostern;
let key: string;
let nextIndex = 0;

beforeAll(async () => {
  postern = await startClockedPostern();
  key = await postern.createKey(["organizations:read", "members:dangerously_get"]);
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  await postern.control("DELETE", "faults");
  // Successes end the rows of refused objects.
  for (const path of [newMember(), newOrganization()]) expect((await read(path)).status).toBe(200);
  await postern.upstreamCalls();
});

/** Paths of objects that no test has read. */
const existing = members.filter((member) => member["status"] !== "deleted");
const newMember = () => memberPath(String(existing[nextIndex++]?.["member_id"]));
const newOrganization = () => organizationPath(String(organizations[nextIndex++]?.["organization_id"]));

async function read(path: string): Promise<{ status: number; retryAfter: string | null }> {
  const response = await fetch(postern.url + path, { headers: { Authorization: `Bearer ${key}` } });
  await response.text();
  return { status: response.status, retryAfter: response.headers.get("Retry-After") };
}

/** The next calls, `times` or all, are 429. */
async function limit(retryAfter: string | number | undefined, times?: number): Promise<void> {
  const fault = { kind: "status", status: 429, retry_after: retryAfter };
  await postern.control("POST", "faults", times === undefined ? fault : { ...fault, times });
}

test.each([
  ["member", newMember],
  ["organization", newOrganization],
])("after a 429, one %s is not asked for until Retry-After, and others are", async (_, newPath) => {
  const path = newPath();
  await limit(2, 1);
  expect((await read(path)).status).toBe(503);
  for (const other of [newMember(), newOrganization()]) expect((await read(other)).status).toBe(200);
  expect(await postern.upstreamCalls()).toBe(3);
  const again = await read(path);
  expect([again.status, Number(again.retryAfter) <= 2]).toEqual([503, true]);
  expect(await postern.upstreamCalls()).toBe(0);
  await postern.advance(2_100);
  expect((await read(path)).status).toBe(200);
});

test.each([
  ["members", newMember, newOrganization],
  ["organizations", newOrganization, newMember],
])("three %s refused in a row pause that operation, and not the other", async (_, newPath, newOther) => {
  await limit(3, 3);
  for (const path of [newPath(), newPath(), newPath()]) expect((await read(path)).status).toBe(503);
  expect(await postern.upstreamCalls()).toBe(3);
  expect((await read(newPath())).status).toBe(503);
  expect(await postern.upstreamCalls()).toBe(0);
  expect((await read(newOther())).status).toBe(200);
  await postern.advance(3_100);
  expect((await read(newPath())).status).toBe(200);
});

test("one member refused three times in a row pauses no other member", async () => {
  const path = newMember();
  for (const _ of [1, 2, 3]) {
    await limit(1, 1);
    expect((await read(path)).status).toBe(503);
    await postern.advance(1_050);
  }
  expect(await postern.upstreamCalls()).toBe(3);
  expect((await read(newMember())).status).toBe(200);
});

test.each([undefined, "soon"])(
  "after a 429 with Retry-After %s, a member is left alone for 2 s",
  async (header) => {
    const path = newMember();
    await limit(header, 1);
    for (const _ of [1, 2]) expect(await read(path)).toEqual({ status: 503, retryAfter: "2" });
    expect(await postern.upstreamCalls()).toBe(1);
    await postern.advance(2_100);
    expect((await read(path)).status).toBe(200);
  },
);

test.each([999_999_999, "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri Dec 31 23:59:59 9999"])(
  "with Retry-After %s of Stytch, callers are told an hour",
  async (retryAfter) => {
    await limit(retryAfter, 1);
    const path = newMember();
    expect(await read(path)).toEqual({ status: 503, retryAfter: "3600" });
    expect((await read(path)).retryAfter).toBe("3600");
    expect(await postern.upstreamCalls()).toBe(1);
    await postern.control("POST", "faults", {
      kind: "status",
      status: 503,
      retry_after: retryAfter,
      times: 1,
    });
    expect(await read(newMember())).toEqual({ status: 503, retryAfter: "3600" });
  },
);
