/** Many calls at once in an isolate that knows nothing yet: what each part is asked, and what its failures do. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { keyObjects } from "../support/key-object.ts";
import { settleObjects, trackObjectWork } from "../support/object-work.ts";
import { setUpOrganization } from "../support/setup.ts";
import { deferred, type Upstream } from "../support/upstream.ts";

useClock();

const CALLS = 300;

let operator: TestIsolate;
let upstream: Upstream;
let key: string;
let keyId: string;
let path: string;
let slugPath: string;

/** The organization is in KV, and known by its slug. */
beforeEach(async () => {
  await trackObjectWork();
  ({ isolate: operator, upstream, key, keyId, path, slugPath } = await setUpOrganization());
  await operator.call(slugPath, { key });
  await settleObjects();
});

const callAll = (isolate: TestIsolate, count: number, of = path) =>
  Array.from({ length: count }, async () => {
    const { status, headers } = await isolate.callUntilResponse(of, { key });
    return `${status} ${headers.get("Cache-Status")?.split("; ")[1] ?? ""}`.trim();
  });

test("300 calls of a new isolate ask the key's object, the Directory and KV once", async () => {
  const before = upstream.requests.length;
  const isolate = createIsolate();
  expect(new Set(await Promise.all(callAll(isolate, CALLS)))).toEqual(new Set(["200 hit"]));
  expect(isolate.counts).toEqual({ kvReads: 1, kvWrites: 0, objects: { lease: 1, updatesSince: 1 } });
  expect(upstream.requests).toHaveLength(before);
  await isolate.settle();
});

test("calls by slug at once read the alias from KV once, and the organization once", async () => {
  const isolate = createIsolate();
  const answers = callAll(isolate, 30, slugPath);
  expect(new Set(await Promise.all(answers))).toEqual(new Set(["200 hit"]));
  expect(isolate.counts).toMatchObject({ kvReads: 2, objects: { lease: 1, updatesSince: 1 } });
  await isolate.settle();
});

test("calls whose leader fails do not fail with it", async () => {
  let asked = 0;
  const isolate = createIsolate(
    keyObjects(async (ask) => {
      asked += 1;
      if (asked === 1) throw new Error("only this once");
      return await ask();
    }),
  );
  const answers = await Promise.all(callAll(isolate, 20));
  expect(answers.filter((answer) => answer === "200 hit")).toHaveLength(19);
  expect(answers.filter((answer) => answer === "503")).toHaveLength(1);
  expect(asked).toBe(2);
  await isolate.settle();
});

test("a burst asks an object that fails twice, and every call is answered with 503", async () => {
  let asked = 0;
  const isolate = createIsolate(
    keyObjects(async () => {
      asked += 1;
      throw new Error("down");
    }),
  );
  expect(new Set(await Promise.all(callAll(isolate, CALLS)))).toEqual(new Set(["503"]));
  expect(asked).toBe(2);
  await isolate.settle();
});

test("a call with a rotated key does not use a lease that was asked for before the rotation", async () => {
  const gate = deferred<undefined>();
  let asked = 0;
  const isolate = createIsolate(
    keyObjects(async (ask) => {
      asked += 1;
      const answer = await ask();
      if (asked === 1) await gate.promise;
      return answer;
    }),
  );
  const early = isolate.callUntilResponse(path, { key });
  await expect.poll(() => asked).toBe(1);
  const rotated = await operator.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 600 });
  const { key: second } = await rotated.json<{ key: string }>();
  const late = isolate.callUntilResponse(path, { key: second });
  await scheduler.wait(5);
  gate.resolve(undefined);
  expect([(await early).status, (await late).status]).toEqual([200, 200]);
  expect(asked).toBe(2);
  await isolate.settle();
});

test("a burst that KV fails is answered by the organization's object after two reads of KV", async () => {
  let reads = 0;
  const isolate = createIsolate({
    ORGANIZATIONS: {
      getWithMetadata: async () => {
        reads += 1;
        throw new Error("KV fails");
      },
    },
  });
  const statuses = (await Promise.all(callAll(isolate, 20))).map((answer) => answer.slice(0, 3));
  expect(new Set(statuses)).toEqual(new Set(["200"]));
  expect(reads).toBe(2);
  await isolate.settle();
});

test("300 calls of a limited key ask its object twice, and no call beyond the limit is let in", async () => {
  const { key: limited } = await createKey(operator, ["organizations:read"], {
    rate_limit: { limit: 200, period_seconds: 86_400 },
  });
  const isolate = createIsolate();
  const answers = Array.from({ length: CALLS }, async () => {
    const { status } = await isolate.callUntilResponse(path, { key: limited });
    return status;
  });
  const statuses = await Promise.all(answers);
  expect(statuses.filter((status) => status === 200)).toHaveLength(200);
  expect(statuses.filter((status) => status === 429)).toHaveLength(100);
  expect(isolate.counts.objects["lease"]).toBeLessThanOrEqual(3);
  await isolate.settle();
});

test("calls of a limited key whose question fails are let in by another one's", async () => {
  const { key: limited } = await createKey(operator, ["organizations:read"], {
    rate_limit: { limit: 20, period_seconds: 86_400 },
  });
  let asked = 0;
  const isolate = createIsolate(
    keyObjects(async (ask) => {
      asked += 1;
      if (asked === 2) throw new Error("only this once");
      return await ask();
    }),
  );
  const statuses = await Promise.all(
    Array.from({ length: 30 }, async () => (await isolate.callUntilResponse(path, { key: limited })).status),
  );
  // The one that asked counts by itself, as while the object fails.
  expect(statuses.filter((status) => status === 200)).toHaveLength(21);
  expect(asked).toBeLessThanOrEqual(4);
  await isolate.settle();
});
