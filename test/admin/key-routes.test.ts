/** Creating keys by the admin API: the record, where it is stored, the region and the log line. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";

const KEY = /^pst_test_([0-9a-z]{16})_[0-9a-z]{50,64}$/;

useClock();

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
});

test("creating a key returns the key once, with its record", async () => {
  const created = await isolate.admin("POST", "/admin/keys", {
    name: "Acme partner",
    scopes: ["members:dangerously_get", "organizations:read", "organizations:read"],
    expires_at: "2100-01-01T00:00:00Z",
  });
  expect(created.status).toBe(201);
  const { key, ...record } = await created.json<Record<string, unknown>>();
  expect(String(key)).toMatch(KEY);
  expect(record).toEqual({
    key_id: KEY.exec(String(key))?.[1],
    name: "Acme partner",
    status: "active",
    scopes: ["organizations:read", "members:dangerously_get"],
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    region: null,
    generation: 1,
    previous_generation_valid_until: null,
    expires_at: "2100-01-01T00:00:00Z",
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    updated_at: record["created_at"],
    revoked_at: null,
  });
  const shown = await isolate.admin("GET", `/admin/keys/${record["key_id"]}`);
  expect(await shown.json()).toEqual(record);
  expect(await (await isolate.admin("GET", "/admin/keys")).json()).toEqual({
    keys: [record],
    next_cursor: null,
  });
});

test("no object stores the key or its MAC", async () => {
  const { key, keyId } = await createKey(isolate);
  const stored = await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    JSON.stringify([...state.storage.kv.list()]),
  );
  const listed = await runInDurableObject(getDirectory(env), (_, state) =>
    JSON.stringify([
      ...state.storage.sql.exec("SELECT * FROM keys"),
      ...state.storage.sql.exec("SELECT * FROM events"),
    ]),
  );
  expect(stored + listed).toContain(keyId);
  expect(stored + listed).not.toContain(key.slice(26));
});

test("a key's object is created in its region, which cannot be changed", async () => {
  const placed: unknown[] = [];
  const getByName = (id: string, options?: unknown) => {
    placed.push(options);
    return env.API_KEY.getByName(id);
  };
  const { keyId } = await createKey(createIsolate({ API_KEY: { getByName } }), ["organizations:read"], {
    region: "apac",
  });
  expect(placed).toEqual([{ locationHint: "apac" }]);
  const moved = await isolate.admin("PATCH", `/admin/keys/${keyId}`, { region: "weur" });
  expect(await moved.json()).toMatchObject({ status_code: 400, error_message: "region: unknown field" });
});

test("the log line of an admin call has its route and the key ID", async () => {
  const { keyId } = await createKey(isolate);
  expect(logLines().at(-1)).toMatchObject({
    route: "/admin/keys",
    method: "POST",
    status: 201,
    key_id: keyId,
  });
});
