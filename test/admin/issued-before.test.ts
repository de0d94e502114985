/** `issued_before` lists the keys that an earlier KEY_SECRET made. */

import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { wasIssuedBefore } from "../../src/keys/record.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { createLink, takeKey } from "../support/handover.ts";
import { recordOf } from "../support/record.ts";

const { at, iso } = useClock();

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
});

async function issuedBefore(time: string): Promise<string[]> {
  const response = await isolate.admin("GET", `/admin/keys?issued_before=${encodeURIComponent(time)}`);
  const { keys } = await response.json<{ keys: { key_id: string }[] }>();
  return keys.map(({ key_id }) => key_id);
}

test("a key is listed until it is rotated after that time, and an edit does not count", async () => {
  const { keyId } = await createKey(isolate);
  at(10);
  const { keyId: later } = await createKey(isolate);
  expect(await issuedBefore(iso(10))).toEqual([keyId]);
  expect((await issuedBefore(iso(10.001))).sort()).toEqual([keyId, later].sort());
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Edited" });
  expect(await issuedBefore(iso(10))).toEqual([keyId]);
  await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 60 });
  expect(await issuedBefore(iso(10))).toEqual([]);
});

test("a key that a link hands over is made at that moment", async () => {
  const { keyId, token } = await createLink(isolate);
  at(10);
  expect(await issuedBefore(iso(5))).toEqual([keyId]);
  await takeKey(isolate, token);
  expect(await issuedBefore(iso(5))).toEqual([]);
});

test("a record of an early version counts as made when it was created", async () => {
  const old = recordOf({ generation: 4, updated_at: "2026-06-01T00:00:00.000Z" });
  expect(wasIssuedBefore(old, Date.parse("2026-01-01T00:00:00.001Z"))).toBe(true);
  expect(wasIssuedBefore(old, Date.parse("2026-01-01T00:00:00.000Z"))).toBe(false);
  await getDirectory(env).report(old, []);
  expect(await issuedBefore("2026-02-01T00:00:00+02:00")).toEqual([old.key_id]);
});

test.each(["yesterday", "2026-02-01", "", "2026-02-01T00:00:00"])(
  "issued_before=%j is refused",
  async (time) => {
    const response = await isolate.admin("GET", `/admin/keys?issued_before=${time}`);
    expect(await response.json()).toMatchObject({
      error_type: "invalid_request",
      error_message: expect.stringMatching(/^issued_before: must be an RFC 3339 time/),
    });
  },
);

test("the record that the admin API shows does not grow by the moment", async () => {
  const { keyId } = await createKey(isolate);
  expect(await (await isolate.admin("GET", `/admin/keys/${keyId}`)).text()).not.toContain("issued_at");
});
