import { expect, test } from "vitest";
import { isolateStateOf } from "../src/isolate-state.ts";
import { TEST_VARS } from "./support/vars.ts";

const environment = (vars: Record<string, string> = {}) => ({ ...TEST_VARS, ...vars }) as unknown as Env;

test("an isolate has one state for each environment object", () => {
  const env = environment();
  expect(isolateStateOf(env)).toBe(isolateStateOf(env));
  expect(isolateStateOf(env)).not.toBe(isolateStateOf(environment()));
});

test("a misconfigured isolate has no state, but a problem for each invalid variable", () => {
  expect(isolateStateOf(environment({ KEY_SECRET: "short" }))).toEqual({
    ok: false,
    failure: { problems: { KEY_SECRET: "must have at least 32 characters" }, cors: null },
  });
});
