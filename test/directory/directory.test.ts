/** The list of keys, and how it stays correct if reports fail, hang or arrive late. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { recordOf } from "../support/record.ts";
import { deferred } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const { at } = useClock();

let isolate: TestIsolate;
beforeEach(async () => {
  isolate = createIsolate();
  await emptyDirectory();
});

type Page = { keys: { key_id: string; name: string; status: string }[]; next_cursor: string | null };

test("a key is issued while the Directory fails, and listed after an alarm", async () => {
  vi.spyOn(Directory.prototype, "report").mockImplementationOnce(() => {
    throw new Error("the directory fails");
  });
  const { keyId } = await createKey(isolate);
  const listed = async () => (await (await isolate.admin("GET", "/admin/keys")).json<Page>()).keys;
  expect(await listed()).toEqual([]);
  expect(await runDurableObjectAlarm(env.API_KEY.getByName(keyId))).toBe(true);
  expect((await listed()).map(({ key_id }) => key_id)).toEqual([keyId]);
  expect(await runDurableObjectAlarm(env.API_KEY.getByName(keyId))).toBe(false);
});

test("a delayed report does not overwrite a newer one", async () => {
  const { keyId } = await createKey(isolate);
  const record = await env.API_KEY.getByName(keyId).record(TEST_VARS.STYTCH_PROJECT_ID);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  if (record === null) throw new Error("no record");
  await getDirectory(env).report(record, []);
  const page = await (await isolate.admin("GET", "/admin/keys")).json<Page>();
  expect(page.keys[0]?.status).toBe("revoked");
});

test("a Directory that hangs delays a change of a key by at most two seconds", async () => {
  const { keyId } = await createKey(isolate);
  const hang = deferred<void>();
  // Whatever hangs longer than the test holds up the next eviction.
  onTestFinished(() => hang.resolve());
  vi.spyOn(Directory.prototype, "report").mockImplementation((async () => await hang.promise) as never);
  const began = performance.now();
  const response = await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  expect(await response.json()).toMatchObject({ status: "revoked" });
  expect(performance.now() - began).toBeLessThan(3_000);
});

test("a page of 10,000 keys reads fewer than 200 rows", async () => {
  const read = await runInDurableObject(getDirectory(env), (directory, state) => {
    state.storage.transactionSync(() => {
      for (let i = 0; i < 10_000; i += 1) {
        const id = String(i).padStart(16, "0");
        directory.report(recordOf({ key_id: id, created_at: new Date(1e12 + i * 1_000).toISOString() }), []);
      }
    });
    const exec = vi.spyOn(state.storage.sql, "exec");
    const cursor = { at: new Date(1e12 + 5_000_000).toISOString(), id: "0000000000005000" };
    const page = directory.listKeys(50, cursor, TEST_VARS.STYTCH_PROJECT_ID);
    const rows = exec.mock.results.reduce(
      (sum, { value }) => sum + (value as { rowsRead: number }).rowsRead,
      0,
    );
    return { rows, ids: page.items.map(({ key_id }) => key_id) };
  });
  expect(read.ids[0]).toBe("0000000000004999");
  expect(read.ids).toHaveLength(50);
  expect(read.rows).toBeGreaterThan(50);
  expect(read.rows).toBeLessThan(200);
});

test("pages of keys list every key once, newest first", async () => {
  const created: string[] = [];
  for (let i = 0; i < 7; i += 1) {
    // Two keys in the same millisecond.
    at(Math.floor(i / 2));
    created.unshift((await createKey(isolate, undefined, { name: `Key ${i}` })).keyId);
  }
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await (await isolate.admin("GET", `/admin/keys?limit=3${query}`)).json();
    expect(page.keys.length).toBeLessThanOrEqual(3);
    seen.push(...page.keys.map(({ key_id }) => key_id));
    cursor = page.next_cursor;
  }
  expect(new Set(seen)).toEqual(new Set(created));
  expect(seen).toHaveLength(7);
  // Keys of one millisecond may come in either order.
  const moment = (id: string) => Math.floor((6 - created.indexOf(id)) / 2);
  expect(seen.map(moment)).toEqual([...seen].map(moment).sort((a, b) => b - a));
});
