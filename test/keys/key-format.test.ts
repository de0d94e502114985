import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Config, parseConfig } from "../../src/config.ts";
import { createKeyId, issueKey, type VerifiedKey } from "../../src/keys/key-format.ts";
import { VerifiedMacs } from "../../src/keys/verified-macs.ts";
import { TEST_VARS } from "../support/vars.ts";

const KEY = /^pst_(test|live)_[0-9a-z]{16}_[0-9a-z]{50,64}$/;

function configured(vars: Record<string, string> = {}): Config {
  const parsed = parseConfig({ ...TEST_VARS, ...vars });
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const config = configured();
const live = configured({ STYTCH_PROJECT_ID: TEST_VARS.STYTCH_PROJECT_ID.replace("test", "live") });
const foreign = configured({ KEY_SECRET: `${TEST_VARS.KEY_SECRET}x` });

const keyIds = fc.constant(null).map(() => createKeyId());
const generations = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 30 - 1 }));
/** Of the alphabet, near it, and anything else. */
const characters = fc.oneof(
  fc.constantFrom(..."0123456789abcdefghijklmnopqrstuvwxyzABCXYZ_-. \n\0"),
  fc.string({ minLength: 1, maxLength: 1, unit: "binary" }),
);

/** A key, and a place in it. */
const places = fc
  .tuple(keyIds, generations, fc.nat())
  .map(([keyId, generation, at]) => ({ keyId, generation, at }));

/** Asks twice: of an isolate that knows nothing, and by what it has kept of the key that this was made of, if there was one. */
async function prove(config: Config, key: string, genuine?: string): Promise<VerifiedKey | null> {
  const macs = new VerifiedMacs(config);
  if (genuine !== undefined) expect(await macs.verify(genuine)).not.toBeNull();
  const verified = await (genuine === undefined ? macs : new VerifiedMacs(config)).verify(key);
  expect(macs.verifyFromCache(key)?.keyId).toBe(verified?.keyId);
  return verified;
}

async function refuses(damage: (key: string, at: number, character: string) => string): Promise<void> {
  await fc.assert(
    fc.asyncProperty(places, characters, async ({ keyId, generation, at }, character) => {
      const key = await issueKey(config, keyId, generation);
      const damaged = damage(key, at % key.length, character);
      fc.pre(damaged !== key);
      expect(await prove(config, damaged, key), damaged.replaceAll(/[a-z0-9]/g, "·")).toBeNull();
    }),
    { numRuns: 300 },
  );
}

test("a key proves its ID and its generation, and has the form that the contract names", async () => {
  await fc.assert(
    fc.asyncProperty(keyIds, generations, async (keyId, generation) => {
      for (const one of [config, live]) {
        const key = await issueKey(one, keyId, generation);
        expect(key.replace(KEY, "$1")).toBe(one.environment);
        expect(await prove(one, key)).toMatchObject({ keyId, generation });
      }
    }),
  );
});

test("a key can be made again: the same ID and generation give the same key, another generation another", async () => {
  const keyId = createKeyId();
  expect((await issueKey(config, keyId, 1)) === (await issueKey(configured(), keyId, 1))).toBe(true);
  expect((await issueKey(config, keyId, 1)) === (await issueKey(config, keyId, 2))).toBe(false);
});

describe("a key is refused", () => {
  test("with any one character replaced", async () => {
    await refuses((key, at, character) => key.slice(0, at) + character + key.slice(at + 1));
  });

  test("with any one character of the alphabet replaced at any place, the last one included", async () => {
    const key = await issueKey(config, createKeyId(), 1);
    for (let at = 0; at < key.length; at += 1) {
      for (const character of "0123456789abcdefghjkmnpqrstvwxyz") {
        if (key[at] === character) continue;
        expect(
          await prove(config, key.slice(0, at) + character + key.slice(at + 1), key),
          `at ${at}`,
        ).toBeNull();
      }
    }
  });

  test("with a character left out", async () => {
    await refuses((key, at) => key.slice(0, at) + key.slice(at + 1));
  });

  test("with a character put in, at the end too", async () => {
    await refuses((key, at, character) => key.slice(0, at) + character + key.slice(at));
    await refuses((key, _, character) => key + character);
  });

  test("cut off anywhere", async () => {
    await refuses((key, at) => key.slice(0, at));
  });

  test("with a letter in upper case, or all of them", async () => {
    await refuses((key, at) => key.slice(0, at) + key.charAt(at).toUpperCase() + key.slice(at + 1));
    await refuses((key) => key.toUpperCase());
  });

  test("with something before it", async () => {
    await refuses((key, _, character) => character + key);
  });

  test("with two neighbours exchanged", async () => {
    await refuses((key, at) => key.slice(0, at) + key.charAt(at + 1) + key.charAt(at) + key.slice(at + 2));
  });

  test("in the other environment, even under the same KEY_SECRET, and even renamed for it", async () => {
    const key = await issueKey(config, createKeyId(), 1);
    expect(await prove(live, key)).toBeNull();
    expect(await prove(live, key.replace("pst_test_", "pst_live_"))).toBeNull();
  });

  test("in a deployment with another KEY_SECRET", async () => {
    expect(await prove(foreign, await issueKey(config, createKeyId(), 1))).toBeNull();
  });

  test("with the proof of another key or generation", async () => {
    const [one, two] = [await issueKey(config, createKeyId(), 1), await issueKey(config, createKeyId(), 1)];
    expect(await prove(config, one.slice(0, -52) + two.slice(-52), one)).toBeNull();
    const keyId = createKeyId();
    const [first, second] = [await issueKey(config, keyId, 1), await issueKey(config, keyId, 2)];
    expect(await prove(config, second.slice(0, -52) + first.slice(-52), second)).toBeNull();
  });

  test("with a proof in characters of several bytes", async () => {
    const key = await issueKey(config, createKeyId(), 1);
    for (const proof of ["é".repeat(52), "\u{1f600}".repeat(26), `${key.slice(-52, -1)}é`]) {
      expect(await prove(config, key.slice(0, -52) + proof, key)).toBeNull();
    }
  });

  test("and anything else is no key", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await prove(config, text)).toBeNull();
      }),
    );
  });
});

test("key IDs are 16 characters of the alphabet, and do not repeat", () => {
  const ids = Array.from({ length: 10_000 }, createKeyId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[0-9a-hjkmnp-tv-z]{16}$/.test(id))).toEqual([]);
});

test("every place of a key ID takes every character of the alphabet", () => {
  const ids = Array.from({ length: 2_000 }, createKeyId);
  for (let at = 0; at < 16; at += 1) expect(new Set(ids.map((id) => id[at])).size, `at ${at}`).toBe(32);
});

test("an isolate keeps the MACs of 5,000 genuine keys, and evicts the oldest first", async () => {
  const macs = new VerifiedMacs(config);
  const first = await issueKey(config, createKeyId(), 1);
  await macs.verify(first);
  await macs.verify(`${first.slice(0, -1)}${first.endsWith("0") ? "1" : "0"}`);
  await macs.verify(first.replace("pst_test_", "pst_live_"));
  expect(macs.size).toBe(1);
  const keyId = createKeyId();
  for (let generation = 1; generation <= 4_999; generation += 1)
    await macs.verify(await issueKey(config, keyId, generation));
  expect([macs.size, macs.verifyFromCache(first)]).toEqual([
    5_000,
    expect.objectContaining({ generation: 1 }),
  ]);
  await macs.verify(await issueKey(config, createKeyId(), 1));
  expect([macs.size, macs.verifyFromCache(first)]).toEqual([5_000, null]);
});
