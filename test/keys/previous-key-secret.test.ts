/** KEY_SECRET rotates: while KEY_SECRET_PREVIOUS is set, keys that were made with it are honoured, and none are made. */
import { beforeEach, expect, test, vi } from "vitest";
import { createHandoverToken, verifyHandoverToken } from "../../src/keys/handover-token.ts";
import { createKeyId, issueKey } from "../../src/keys/key-format.ts";
import { VerifiedKeys } from "../../src/keys/verified-keys.ts";
import { createConfig } from "../support/config.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { createLink, takeKey, takenBy } from "../support/handover.ts";
import { NEXT_KEY_SECRET, ROTATING_KEY_SECRETS } from "../support/vars.ts";

const before = createConfig();
const rotating = createConfig(ROTATING_KEY_SECRETS);
const after = createConfig({ KEY_SECRET: NEXT_KEY_SECRET });

/** How many MACs are computed in `work`. */
async function macsOf(work: () => Promise<unknown>): Promise<number> {
  const sign = vi.spyOn(crypto.subtle, "sign");
  await work();
  const count = sign.mock.calls.length;
  sign.mockRestore();
  return count;
}

test("a key of the previous secret is genuine while that is set, and told apart", async () => {
  const old = await issueKey(before, createKeyId(), 3);
  expect(await new VerifiedKeys(after).verify(old)).toBeNull();
  const keys = new VerifiedKeys(rotating);
  expect(await keys.verify(old)).toMatchObject({ generation: 3, isOfPreviousSecret: true });
  const made = await issueKey(rotating, createKeyId(), 3);
  expect(await keys.verify(made)).toMatchObject({ generation: 3, isOfPreviousSecret: false });
  expect(await new VerifiedKeys(after).verify(made)).not.toBeNull();
  expect(await new VerifiedKeys(before).verify(made)).toBeNull();
});

test("a forged key costs one MAC, and two while a previous secret is set", async () => {
  const forged = `pst_test_${createKeyId()}_000001${"0".repeat(52)}`;
  const [alone, both] = [new VerifiedKeys(after), new VerifiedKeys(rotating)];
  expect(await macsOf(async () => await alone.verify(forged))).toBe(1);
  expect(await macsOf(async () => await both.verify(forged))).toBe(2);
  expect(await macsOf(async () => await both.verify(forged.replace("test", "live")))).toBe(0);
  expect(both.size).toBe(0);
});

test("a key that was verified costs no MAC again, whichever secret proved it", async () => {
  const keys = new VerifiedKeys(rotating);
  for (const config of [before, rotating]) {
    const key = await issueKey(config, createKeyId(), 1);
    await keys.verify(key);
    expect(await macsOf(async () => keys.verifyFromCache(key))).toBe(0);
    expect(keys.verifyFromCache(key)).not.toBeNull();
    expect(keys.verifyFromCache(`${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`)).toBeNull();
  }
});

test("a link of the previous secret is genuine while that is set, and none is made", async () => {
  const [keyId, old] = [createKeyId(), await createHandoverToken(before, "0123456789abcdef")];
  expect(await verifyHandoverToken(rotating, old)).toBe("0123456789abcdef");
  expect(await verifyHandoverToken(after, old)).toBeNull();
  const made = await createHandoverToken(rotating, keyId);
  expect(await verifyHandoverToken(after, made)).toBe(keyId);
  expect(await verifyHandoverToken(before, made)).toBeNull();
  expect(await macsOf(async () => await verifyHandoverToken(rotating, `${old.slice(0, -1)}~`))).toBe(0);
});

let old: TestIsolate;
let rotated: TestIsolate;
let done: TestIsolate;

beforeEach(async () => {
  await emptyDirectory();
  old = createIsolate();
  rotated = createIsolate(ROTATING_KEY_SECRETS);
  done = createIsolate({ KEY_SECRET: NEXT_KEY_SECRET });
});

const statusAt = async (isolate: TestIsolate, key: string) => (await isolate.call("/whoami", { key })).status;

test("a rotation of KEY_SECRET and then of each key fails no call", async () => {
  const { key, keyId } = await createKey(old);
  expect([await statusAt(rotated, key), await statusAt(done, key)]).toEqual([200, 401]);
  const answer = await rotated.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 60 });
  const { key: next } = await answer.json<{ key: string }>();
  expect([await statusAt(rotated, key), await statusAt(rotated, next)]).toEqual([200, 200]);
  expect([await statusAt(done, key), await statusAt(done, next)]).toEqual([401, 200]);
  const { key: created } = await createKey(rotated);
  expect([await statusAt(done, created), await statusAt(old, created)]).toEqual([200, 401]);
});

test("the log line of a call tells that its key is of the previous secret", async () => {
  const { key } = await createKey(old);
  const { key: made } = await createKey(rotated);
  const lineOf = async (isolate: TestIsolate, presented: string) => {
    await statusAt(isolate, presented);
    return logLines().at(-1);
  };
  expect(await lineOf(rotated, key)).toMatchObject({ key_secret: "previous" });
  // From the cache of verified keys, too.
  expect(await lineOf(rotated, key)).toMatchObject({ key_secret: "previous" });
  expect(await lineOf(rotated, made)).not.toHaveProperty("key_secret");
  expect(await lineOf(old, key)).not.toHaveProperty("key_secret");
});

test("a link from before the rotation hands over a key that KEY_SECRET alone proves", async () => {
  const { keyId, token } = await createLink(old);
  expect(await takenBy(await takeKey(done, token))).toBe("404 handover_not_found");
  expect(done.counts.objects).toEqual({});
  const key = await takenBy(await takeKey(rotated, token));
  expect(key).toContain(keyId);
  expect([await statusAt(done, key), await statusAt(old, key)]).toEqual([200, 401]);
});

test("a forged key causes no I/O while a previous secret is set", async () => {
  const { keyId } = await createKey(old);
  rotated.resetCounts();
  expect(await statusAt(rotated, `pst_test_${keyId}_000001${"0".repeat(52)}`)).toBe(401);
  expect(rotated.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});
