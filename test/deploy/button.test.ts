/** What Cloudflare's deploy button reads: the values that it asks for, and what it says of each. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { parseConfig, VARIABLE_NAMES } from "../../src/config.ts";

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const { cloudflare } = JSON.parse(read("package.json"));
const example = read(".dev.vars.example");
const optional = parseEnv(example.replace(/^# (?=[A-Z_]+=)/gm, "\n#\n").replace(/^#$/gm, ""));
const sorted = (names: readonly string[]) => [...names].sort();

test("package.json describes exactly the variables that Postern reads", () => {
  expect(sorted(Object.keys(cloudflare.bindings))).toEqual(sorted(VARIABLE_NAMES));
  for (const { description } of Object.values<{ description: string }>(cloudflare.bindings)) {
    expect(description).toMatch(/^[A-Z].+\.$/);
  }
});

test(".dev.vars.example names exactly the variables that Postern reads", () => {
  expect(sorted(Object.keys(optional))).toEqual(sorted(VARIABLE_NAMES));
});

test("the deploy button asks for what a deployment needs, and suggests no value", () => {
  expect(parseEnv(example)).toEqual({
    STYTCH_PROJECT_ID: "",
    STYTCH_SECRET: "",
    KEY_SECRET: "",
    ADMIN_TOKEN: "",
  });
});

test("the optional values of .dev.vars.example are the defaults", () => {
  const required = {
    STYTCH_PROJECT_ID: "project-test-00000000-0000-4000-8000-000000000000",
    STYTCH_SECRET: "secret-test-x",
    KEY_SECRET: "0123456789abcdef0123456789ABCDEFGHIJKLMN",
  };
  const set = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== ""));
  expect(parseConfig({ ...required, ...set })).toEqual(parseConfig(required));
});
