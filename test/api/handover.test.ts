/** A key that a link hands over, from the admin call to whoever opens the link. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { createLink, rotateToLink, takeKey, takenBy } from "../support/handover.ts";

const { at, iso } = useClock();
const GONE = "404 handover_not_found";
const KEY = /^pst_test_[0-9a-z]{16}_[0-9a-z]{58}$/;

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
});

const auditOf = async () =>
  (await (await isolate.admin("GET", "/admin/audit")).json<{ events: Record<string, unknown>[] }>()).events;

test("a key with handover_seconds is answered with a link in place of the key", async () => {
  const { body } = await createLink(isolate);
  expect(body["handover_url"]).toMatch(
    /^https:\/\/postern\.test\/handover#handover_[0-9a-z]{16}_[0-9a-z]{52}$/,
  );
  expect(body).not.toHaveProperty("key");
  expect(body).not.toHaveProperty("handover_seconds");
  const shown = await isolate.admin("GET", `/admin/keys/${body["key_id"]}`);
  const { handover_url: _, ...record } = body;
  expect(await shown.json()).toEqual(record);
});

test("the link hands over the key with its record, once", async () => {
  const { keyId, token } = await createLink(isolate);
  const response = await takeKey(isolate, token);
  const { key, record, ...others } = await response.json<{ key: string; record: object }>();
  expect([response.status, others]).toEqual([200, {}]);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(key).toMatch(KEY);
  expect(record).toEqual(await (await isolate.admin("GET", `/admin/keys/${keyId}`)).json());
  expect((await isolate.call("/whoami", { key })).status).toBe(200);
  expect(await takenBy(await takeKey(isolate, token))).toBe(GONE);
  expect(await takenBy(await takeKey(createIsolate(), token))).toBe(GONE);
});

test("the key of a link works before it is handed over, as others do", async () => {
  const { keyId, token } = await createLink(isolate);
  const plain = await createKey(isolate);
  expect(await takenBy(await takeKey(isolate, token))).toContain(`pst_test_${keyId}_`);
  expect((await isolate.call("/whoami", { key: plain.key })).status).toBe(200);
});

test.each([60, 604_800])("a link of %i seconds ends exactly then", async (seconds) => {
  const { token } = await createLink(isolate, seconds);
  at(seconds);
  expect(await takenBy(await takeKey(isolate, token))).toBe(GONE);
  // The first question has not used it up.
  at(seconds - 0.001);
  expect(await takenBy(await takeKey(isolate, token))).toMatch(KEY);
});

test("a link ends with its key: by revocation, by expiry, and by a rotation", async () => {
  const revoked = await createLink(isolate);
  await isolate.admin("DELETE", `/admin/keys/${revoked.keyId}`);
  expect(await takenBy(await takeKey(isolate, revoked.token))).toBe(GONE);

  const rotated = await createLink(isolate);
  await isolate.admin("POST", `/admin/keys/${rotated.keyId}/rotate`, { overlap_seconds: 3_600 });
  expect(await takenBy(await takeKey(isolate, rotated.token))).toBe(GONE);

  const expiring = await createLink(isolate, 3_600, { expires_at: iso(30) });
  at(30);
  expect(await takenBy(await takeKey(isolate, expiring.token))).toBe(GONE);
  await isolate.admin("PATCH", `/admin/keys/${expiring.keyId}`, { expires_at: null });
  expect(await takenBy(await takeKey(isolate, expiring.token))).toMatch(KEY);
});

test("an edit does not end a link, and what is handed over is the key as it is now", async () => {
  const { keyId, token } = await createLink(isolate);
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Edited" });
  const taken = await (await takeKey(isolate, token)).json<{ record: { name: string } }>();
  expect(taken.record.name).toBe("Edited");
});

test("a rotation may hand over the next key, whose link outlives the earlier one", async () => {
  const first = await createLink(isolate);
  const second = await rotateToLink(isolate, first.keyId, { handover_seconds: 60, overlap_seconds: 60 });
  expect(second.body).toMatchObject({ generation: 2, previous_generation_valid_until: iso(60) });
  expect(second.body).not.toHaveProperty("key");
  expect(await takenBy(await takeKey(isolate, first.token))).toBe(GONE);
  const key = await takenBy(await takeKey(isolate, second.token));
  expect(key).toMatch(KEY);
  expect(await (await isolate.call("/whoami", { key })).json()).toMatchObject({ generation: 2 });
});

test("a rotation that is refused leaves the link as it was", async () => {
  const { keyId } = await createKey(isolate);
  for (let count = 0; count < 19; count += 1)
    await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 3_600 });
  const link = await rotateToLink(isolate, keyId, { handover_seconds: 60, overlap_seconds: 3_600 });
  const refused = await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, {
    handover_seconds: 60,
    overlap_seconds: 3_600,
  });
  expect(refused.status).toBe(400);
  expect(await takenBy(await takeKey(isolate, link.token))).toMatch(KEY);
});

test("a change of KEY_SECRET ends every link", async () => {
  const { token } = await createLink(isolate);
  const changed = createIsolate({ KEY_SECRET: "another-key-secret-0123456789abcdefgh" });
  expect(await takenBy(await takeKey(changed, token))).toBe(GONE);
  expect(changed.counts.objects).toEqual({});
});

test("no object stores the key or the token, and the audit says that there was a link", async () => {
  const { keyId, token } = await createLink(isolate, 86_400);
  const dump = async () => {
    const stored = await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
      JSON.stringify([...state.storage.kv.list()]),
    );
    const listed = await runInDurableObject(getDirectory(env), (_, state) =>
      JSON.stringify(
        ["keys", "events"].map((table) => [...state.storage.sql.exec(`SELECT * FROM ${table}`)]),
      ),
    );
    return stored + listed;
  };
  const before = await dump();
  at(1);
  const key = await takenBy(await takeKey(isolate, token));
  const after = await dump();
  for (const text of [before, after]) {
    expect(text).toContain(keyId);
    for (const secret of [key.slice(26), token.slice(26), token.slice(26, 52)])
      expect(text).not.toContain(secret);
  }
  expect(before).toContain('"handover"');
  expect(after).not.toContain('["handover"');
  expect(await auditOf()).toEqual([
    { at: iso(1), action: "key.handed_over", actor: "handover", key_id: keyId, detail: {} },
    {
      at: iso(0),
      action: "key.created",
      actor: "token",
      key_id: keyId,
      detail: { name: "Test", scopes: ["organizations:read"], handover_seconds: 86_400 },
    },
  ]);
});

test("a rotation to a link is in the audit with its seconds", async () => {
  const { keyId } = await createKey(isolate);
  at(1);
  await rotateToLink(isolate, keyId, { handover_seconds: 60 });
  expect((await auditOf())[0]).toMatchObject({
    action: "key.rotated",
    detail: { overlap_seconds: 0, handover_seconds: 60 },
  });
});

test("the log line of a hand-over has the key ID, and neither key nor token", async () => {
  const { keyId, token } = await createLink(isolate);
  await takeKey(isolate, token);
  expect(logLines().at(-1)).toMatchObject({ route: "/handover", method: "POST", status: 200, key_id: keyId });
  expect(JSON.stringify(logLines())).not.toContain(token.slice(26));
});

test.each([59, 604_801, 60.5, "60", true, [60]])("handover_seconds of %j are refused", async (seconds) => {
  const { keyId } = await createKey(isolate);
  const body = { name: "a", scopes: ["organizations:read"], handover_seconds: seconds };
  for (const [path, sent] of [
    ["/admin/keys", body],
    [`/admin/keys/${keyId}/rotate`, { handover_seconds: seconds }],
  ] as const) {
    const refused = await isolate.admin("POST", path, sent);
    expect(await refused.json()).toMatchObject({
      error_type: "invalid_request",
      error_message: "handover_seconds: must be a whole number from 60 to 604800",
    });
  }
});

test("handover_seconds of null show the key, and an edit cannot ask for a link", async () => {
  const { key, keyId } = await createKey(isolate, ["organizations:read"], { handover_seconds: null });
  expect(key).toMatch(KEY);
  const edited = await isolate.admin("PATCH", `/admin/keys/${keyId}`, { handover_seconds: 60 });
  expect(await edited.json()).toMatchObject({ error_message: "handover_seconds: unknown field" });
});
