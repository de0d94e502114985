/** Wrong usage exits with 2, and calls nothing. */
import { expect, test } from "vitest";
import { CREDENTIALS, useClone } from "./deployment.ts";

const clone = useClone();

test.each([
  [["--env", "prod"]],
  [["--secert=secret-test-canary"]],
  [["secret-test-canary"]],
  [["--var", "STYTCH_SECRET:secret-test-canary"]],
  [["--var", "ADMIN_TOKEN:canary"]],
  [["--var", "CACHE:canary"]],
  [["--var", "canary"]],
  [["--wait", "0"]],
  [["--secret", "--dry-run"]],
  [["--secret=-canary"]],
  [["--secret", ""]],
  [["--project-id", "--dry-run"]],
  [["--project-id", "--secret=secret-test-canary"]],
])("the wrong usage %j exits with 2 and repeats no value", async (args) => {
  const run = await clone.run(args, CREDENTIALS);
  expect(run).toMatchObject({ code: 2, out: "" });
  expect(run.err).toMatch(/^error: /);
  expect(run.err).not.toContain("canary");
  expect(clone.calls()).toEqual([]);
});

test.each([
  ["npm_config_dry_run", "true", "--dry-run"],
  ["npm_config_dry_run", "", "--dry-run"],
  ["npm_config_dryrun", "true", "--dry-run"],
  ["npm_config_env", "staging", "--env <name>"],
  ["npm_config_var", "CACHE_FRESH_SECONDS:canary", "--var <NAME:VALUE>"],
  ["npm_config_project_id", "canary", "--project-id <id>"],
  ["npm_config_secret", "canary", "--secret <secret>"],
  ["npm_config_wait", "3", "--wait <seconds>"],
])("an option that npm took for itself, %s=%j, deploys nothing", async (name, value, flags) => {
  const run = await clone.run([], { ...CREDENTIALS, [name]: value });
  expect(run).toMatchObject({ code: 2, out: "" });
  expect(run.err).toMatch(/^error: npm took .* for itself/);
  expect(run.err).toContain(`Write: npm run deploy -- ${flags}\n`);
  expect(run.err).not.toContain("canary");
  expect(clone.calls()).toEqual([]);
});

test("other settings of npm stop no deployment", async () => {
  const settings = { npm_config_yes: "", npm_config_user_agent: "npm/11", npm_config_init_module: "x" };
  expect(await clone.run([], { ...CREDENTIALS, ...settings })).toMatchObject({ code: 0 });
});
