/** The token of a link that hands a key over. */
import { expect, test } from "vitest";
import {
  createHandoverToken,
  hashHandoverToken,
  verifyHandoverToken,
} from "../../src/keys/handover-token.ts";
import { createKeyId, issueKey } from "../../src/keys/key-format.ts";
import { createConfig } from "../support/config.ts";

const config = createConfig();
const KEY_ID = "0123456789abcdef";

test("a token names its key and is never the same twice", async () => {
  const tokens = await Promise.all(Array.from({ length: 20 }, () => createHandoverToken(config, KEY_ID)));
  expect(new Set(tokens).size).toBe(20);
  for (const token of tokens) {
    expect(token).toMatch(/^handover_0123456789abcdef_[0-9a-hjkmnp-tv-z]{52}$/);
    expect(await verifyHandoverToken(config, token)).toBe(KEY_ID);
  }
});

test("a token has 128 random bits: each of its random characters varies", async () => {
  const tokens = await Promise.all(Array.from({ length: 64 }, () => createHandoverToken(config, KEY_ID)));
  for (let index = 26; index < 52; index += 1) {
    expect(new Set(tokens.map((token) => token[index])).size, String(index)).toBeGreaterThan(1);
  }
});

test.each([
  ["another KEY_SECRET", { KEY_SECRET: "another-key-secret-0123456789abcdefgh" }],
  ["another project", { STYTCH_PROJECT_ID: "project-test-33333333-3333-4333-8333-333333333333" }],
])("a token is not valid with %s", async (_, variables) => {
  const token = await createHandoverToken(config, KEY_ID);
  expect(await verifyHandoverToken(createConfig(variables), token)).toBeNull();
});

test("a token with any character changed, added or removed is not valid", async () => {
  const token = await createHandoverToken(config, KEY_ID);
  for (let index = 0; index < token.length; index += 1) {
    const [before, after] = [token.slice(0, index), token.slice(index + 1)];
    const other = token[index] === "0" ? "1" : "0";
    for (const forged of [before + other + after, before + after, before + other + token.slice(index)])
      expect(await verifyHandoverToken(config, forged), forged).toBeNull();
  }
  for (const forged of [
    "",
    ` ${token}`,
    `${token}\n`,
    token.toUpperCase(),
    token.replace(KEY_ID, createKeyId()),
  ])
    expect(await verifyHandoverToken(config, forged)).toBeNull();
});

test("a key is no token, and the MAC of a key is not that of a token", async () => {
  const key = await issueKey(config, KEY_ID, 1);
  expect(await verifyHandoverToken(config, key)).toBeNull();
  expect(await verifyHandoverToken(config, `handover_${KEY_ID}_${key.slice(26, 78)}`)).toBeNull();
});

test("the hash of a token is stable and holds nothing of it", async () => {
  const token = await createHandoverToken(config, KEY_ID);
  const hash = await hashHandoverToken(token);
  expect(hash).toMatch(/^[0-9a-z]{52}$/);
  expect(await hashHandoverToken(token)).toBe(hash);
  expect(await hashHandoverToken(`${token}0`)).not.toBe(hash);
});
