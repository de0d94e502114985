/** The Worker of this suite has the variables that the suite gives it, whatever the settings of whoever runs it. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { TEST_VARS } from "./vars.ts";

test("the Worker under test has no variables but those of the suite", () => {
  const variables = Object.entries(env).filter(([name, value]) => {
    return typeof value === "string" && !/^(__VITEST_|MODEL_)/.test(name);
  });
  expect(Object.fromEntries(variables)).toEqual(TEST_VARS);
});
