import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config.ts";
import { createKeyId, issueKey, type VerifiedKey } from "../../src/keys/key-format.ts";
import { VerifiedKeys } from "../../src/keys/verified-keys.ts";
import { codePoint } from "../support/code-point.ts";
import { createConfig } from "../support/config.ts";
import { TEST_VARS } from "../support/vars.ts";

const KEY = /^pst_(test|live)_[0-9a-z]{16}_[0-9a-z]{50,64}$/;

const config = createConfig();
const live = createConfig({ STYTCH_PROJECT_ID: TEST_VARS.STYTCH_PROJECT_ID.replace("test", "live") });
const otherSecret = createConfig({ KEY_SECRET: `${TEST_VARS.KEY_SECRET}x` });

const keyIds = fc.constant(null).map(() => createKeyId());
const generations = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 30 - 1 }));
/** Characters of the alphabet, similar ones, and any others. */
const characters = fc.oneof(
  fc.constantFrom(..."0123456789abcdefghijklmnopqrstuvwxyzABCXYZ_-. \n\0"),
  fc.string({ minLength: 1, maxLength: 1, unit: codePoint }),
);

/** A key, and a position in it. */
const positions = fc
  .tuple(keyIds, generations, fc.nat())
  .map(([keyId, generation, at]) => ({ keyId, generation, at }));

/**
 * Verifies twice: without a cache, and with the cache of an isolate that has verified the genuine key, if one is given.
 */
async function verify(config: Config, key: string, genuine?: string): Promise<VerifiedKey | null> {
  const keys = new VerifiedKeys(config);
  if (genuine !== undefined) expect(await keys.verify(genuine)).not.toBeNull();
  const verified = await (genuine === undefined ? keys : new VerifiedKeys(config)).verify(key);
  expect(keys.verifyFromCache(key)?.keyId).toBe(verified?.keyId);
  return verified;
}

async function refusesAll(damage: (key: string, at: number, character: string) => string): Promise<void> {
  await fc.assert(
    fc.asyncProperty(positions, characters, async ({ keyId, generation, at }, character) => {
      const key = await issueKey(config, keyId, generation);
      const damaged = damage(key, at % key.length, character);
      fc.pre(damaged !== key);
      expect(await verify(config, damaged, key), damaged.replaceAll(/[a-z0-9]/g, "·")).toBeNull();
    }),
    { numRuns: 300 },
  );
}

test("a key has the documented format, and verifies as its ID and generation", async () => {
  await fc.assert(
    fc.asyncProperty(keyIds, generations, async (keyId, generation) => {
      for (const deployment of [config, live]) {
        const key = await issueKey(deployment, keyId, generation);
        expect(key.replace(KEY, "$1")).toBe(deployment.environment);
        expect(await verify(deployment, key)).toMatchObject({ keyId, generation });
      }
    }),
  );
});

test("the same ID and generation give the same key, and another generation another", async () => {
  const keyId = createKeyId();
  expect((await issueKey(config, keyId, 1)) === (await issueKey(createConfig(), keyId, 1))).toBe(true);
  expect((await issueKey(config, keyId, 1)) === (await issueKey(config, keyId, 2))).toBe(false);
});

describe("a damaged key", () => {
  test("a key with any one character replaced is refused", async () => {
    await refusesAll((key, at, character) => key.slice(0, at) + character + key.slice(at + 1));
  });

  test("a key with a digit replaced at any position, even the last, is refused", async () => {
    const key = await issueKey(config, createKeyId(), 1);
    for (let at = 0; at < key.length; at += 1) {
      for (const character of "0123456789abcdefghjkmnpqrstvwxyz") {
        if (key[at] === character) continue;
        expect(
          await verify(config, key.slice(0, at) + character + key.slice(at + 1), key),
          `at ${at}`,
        ).toBeNull();
      }
    }
  });

  test("a key with a character removed is refused", async () => {
    await refusesAll((key, at) => key.slice(0, at) + key.slice(at + 1));
  });

  test("a key with a character inserted or appended is refused", async () => {
    await refusesAll((key, at, character) => key.slice(0, at) + character + key.slice(at));
    await refusesAll((key, _, character) => key + character);
  });

  test("a key that is truncated anywhere is refused", async () => {
    await refusesAll((key, at) => key.slice(0, at));
  });

  test("a key with one letter or all letters in upper case is refused", async () => {
    await refusesAll((key, at) => key.slice(0, at) + key.charAt(at).toUpperCase() + key.slice(at + 1));
    await refusesAll((key) => key.toUpperCase());
  });

  test("a key with a character before it is refused", async () => {
    await refusesAll((key, _, character) => character + key);
  });

  test("a key with two adjacent characters exchanged is refused", async () => {
    await refusesAll((key, at) => key.slice(0, at) + key.charAt(at + 1) + key.charAt(at) + key.slice(at + 2));
  });

  test("a key is refused in the other environment, even with the same KEY_SECRET", async () => {
    const key = await issueKey(config, createKeyId(), 1);
    expect(await verify(live, key)).toBeNull();
    expect(await verify(live, key.replace("pst_test_", "pst_live_"))).toBeNull();
  });

  test("a key is refused in a deployment with another KEY_SECRET", async () => {
    expect(await verify(otherSecret, await issueKey(config, createKeyId(), 1))).toBeNull();
  });

  test("a key with the MAC of another key or generation is refused", async () => {
    const [a, b] = [await issueKey(config, createKeyId(), 1), await issueKey(config, createKeyId(), 1)];
    expect(await verify(config, a.slice(0, -52) + b.slice(-52), a)).toBeNull();
    const keyId = createKeyId();
    const [first, second] = [await issueKey(config, keyId, 1), await issueKey(config, keyId, 2)];
    expect(await verify(config, second.slice(0, -52) + first.slice(-52), second)).toBeNull();
  });

  test("a key with a MAC in characters of several bytes is refused", async () => {
    const key = await issueKey(config, createKeyId(), 1);
    for (const mac of ["é".repeat(52), "\u{1f600}".repeat(26), `${key.slice(-52, -1)}é`]) {
      expect(await verify(config, key.slice(0, -52) + mac, key)).toBeNull();
    }
  });

  test("a text without the format of a key is refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await verify(config, text)).toBeNull();
      }),
    );
  });
});

test("key IDs are 16 characters of Crockford base32, and do not repeat", () => {
  const ids = Array.from({ length: 10_000 }, createKeyId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[0-9a-hjkmnp-tv-z]{16}$/.test(id))).toEqual([]);
});

test("every position of a key ID takes every character of the alphabet", () => {
  const ids = Array.from({ length: 2_000 }, createKeyId);
  for (let at = 0; at < 16; at += 1) expect(new Set(ids.map((id) => id[at])).size, `at ${at}`).toBe(32);
});

test("an isolate remembers 5,000 genuine keys, and evicts the oldest first", async () => {
  const keys = new VerifiedKeys(config);
  const first = await issueKey(config, createKeyId(), 1);
  await keys.verify(first);
  await keys.verify(`${first.slice(0, -1)}${first.endsWith("0") ? "1" : "0"}`);
  await keys.verify(first.replace("pst_test_", "pst_live_"));
  expect(keys.size).toBe(1);
  const keyId = createKeyId();
  for (let generation = 1; generation <= 4_999; generation += 1)
    await keys.verify(await issueKey(config, keyId, generation));
  expect([keys.size, keys.verifyFromCache(first)]).toEqual([
    5_000,
    expect.objectContaining({ generation: 1 }),
  ]);
  await keys.verify(await issueKey(config, createKeyId(), 1));
  expect([keys.size, keys.verifyFromCache(first)]).toEqual([5_000, null]);
});
