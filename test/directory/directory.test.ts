/** What lists and the audit show, and how it stays true when reports fail, hang or come late. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { recordOf } from "../support/record.ts";

let isolate: TestIsolate;
beforeEach(async () => {
  isolate = createIsolate();
  // What is listed is what this test made.
  await runInDurableObject(getDirectory(env), (_, state) => {
    state.storage.sql.exec("DELETE FROM keys; DELETE FROM events;");
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Page = { keys: { key_id: string; name: string; status: string }[]; next_cursor: string | null };

test("a key whose report did not reach the Directory is issued all the same, and listed later", async () => {
  vi.spyOn(Directory.prototype, "report").mockImplementationOnce(() => {
    throw new Error("the directory fails");
  });
  const { keyId } = await createKey(isolate, ["organizations:read"]);
  const listed = async () => (await (await isolate.admin("GET", "/admin/keys")).json<Page>()).keys;
  expect(await listed()).toEqual([]);
  expect(await runDurableObjectAlarm(env.API_KEY.getByName(keyId))).toBe(true);
  expect((await listed()).map(({ key_id }) => key_id)).toEqual([keyId]);
  expect(await runDurableObjectAlarm(env.API_KEY.getByName(keyId))).toBe(false);
});

test("a report that comes late does not undo a later one", async () => {
  const { keyId } = await createKey(isolate, ["organizations:read"]);
  const record = await env.API_KEY.getByName(keyId).record();
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  if (record === null) throw new Error("no record");
  await getDirectory(env).report(record, []);
  const page = await (await isolate.admin("GET", "/admin/keys")).json<Page>();
  expect(page.keys[0]?.status).toBe("revoked");
});

test("a Directory that hangs holds an admin call for two seconds at most, and the change is in force", async () => {
  const { keyId } = await createKey(isolate, ["organizations:read"]);
  vi.spyOn(Directory.prototype, "report").mockImplementation(
    (async () => await scheduler.wait(4_000)) as never,
  );
  const began = performance.now();
  const answer = await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  expect(await answer.json()).toMatchObject({ status: "revoked" });
  expect(performance.now() - began).toBeLessThan(3_000);
});

test("each change is in the audit, once and newest first, and no key in it", async () => {
  const { keyId } = await createKey(isolate, ["organizations:read"], { name: "Audited" });
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Renamed", allowed_ips: ["203.0.113.0/24"] });
  await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 60 });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
  const expected = [
    { at, action: "key.revoked", key_id: keyId, detail: {} },
    { at, action: "key.rotated", key_id: keyId, detail: { overlap_seconds: 60 } },
    { at, action: "key.updated", key_id: keyId, detail: { fields: ["name", "allowed_ips"] } },
    { at, action: "key.created", key_id: keyId, detail: { name: "Audited", scopes: ["organizations:read"] } },
  ];
  expect(await (await isolate.admin("GET", "/admin/audit")).json()).toEqual({
    events: expected,
    next_cursor: null,
  });
  const first = await (await isolate.admin("GET", "/admin/audit?limit=3")).json<{
    events: object[];
    next_cursor: string;
  }>();
  expect(first.events).toEqual(expected.slice(0, 3));
  const rest = await isolate.admin("GET", `/admin/audit?cursor=${first.next_cursor}`);
  expect(await rest.json()).toEqual({ events: expected.slice(3), next_cursor: null });
});

test("events of one moment are listed in the order in which they came", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  const { keyId } = await createKey(isolate, ["organizations:read"]);
  for (let i = 0; i < 11; i += 1) await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: `Name ${i}` });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const { events } = await (await isolate.admin("GET", "/admin/audit")).json<{
    events: { action: string }[];
  }>();
  expect(events.map(({ action }) => action)).toEqual([
    "key.revoked",
    ...Array(11).fill("key.updated"),
    "key.created",
  ]);
});

test("10,000 keys list in pages without reading all", async () => {
  const read = await runInDurableObject(getDirectory(env), (directory, state) => {
    state.storage.transactionSync(() => {
      for (let i = 0; i < 10_000; i += 1) {
        const id = String(i).padStart(16, "0");
        directory.report(recordOf({ key_id: id, created_at: new Date(1e12 + i * 1_000).toISOString() }), []);
      }
    });
    let rows = 0;
    const exec = state.storage.sql.exec.bind(state.storage.sql);
    vi.spyOn(state.storage.sql, "exec").mockImplementation((...args) => {
      const cursor = exec(...args);
      const toArray = cursor.toArray.bind(cursor);
      cursor.toArray = () => {
        const all = toArray();
        rows = cursor.rowsRead;
        return all;
      };
      return cursor;
    });
    const page = directory.listKeys(50, {
      at: new Date(1e12 + 5_000_000).toISOString(),
      id: "0000000000005000",
    });
    return { rows, ids: page.items.map(({ key_id }) => key_id) };
  });
  expect(read.ids[0]).toBe("0000000000004999");
  expect(read.ids).toHaveLength(50);
  expect(read.rows).toBeLessThan(200);
});

test("pages list every key once, newest first", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  const made: string[] = [];
  for (let i = 0; i < 7; i += 1) {
    // Two of them in the same millisecond.
    vi.setSystemTime(1_800_000_000_000 + Math.floor(i / 2) * 1_000);
    made.unshift((await createKey(isolate, ["organizations:read"], { name: `Key ${i}` })).keyId);
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
  expect(new Set(seen)).toEqual(new Set(made));
  expect(seen).toHaveLength(7);
  // Those of one millisecond are in one order or the other, and it stays.
  const moment = (id: string) => Math.floor((6 - made.indexOf(id)) / 2);
  expect(seen.map(moment)).toEqual([...seen].map(moment).sort((a, b) => b - a));
});
