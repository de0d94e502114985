import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeployProblem } from "../../deploy/problem.ts";
import { readWorkerSettings } from "../../deploy/worker-settings.ts";

const CONFIG = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "settings-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const read = (text: string, env?: string) => {
  const path = join(directory, "wrangler.toml");
  writeFileSync(path, text);
  return readWorkerSettings(path, env);
};

test("Postern's own file names a Worker for each environment", () => {
  const names = [undefined, "staging", "production"].map((env) => readWorkerSettings(CONFIG, env).name);
  expect(names).toEqual(["postern", "postern-staging", "postern-production"]);
});

test("an environment has its own name if it says one, and inherits no variable", () => {
  const text =
    'name = "gate"\n[vars]\nA = "1"\n[env.staging]\nname = "other"\n[env.production.vars]\nB = 2\n';
  expect(read(text)).toEqual({ name: "gate", vars: { A: "1" } });
  expect(read(text, "staging")).toEqual({ name: "other", vars: {} });
  expect(read(text, "production")).toEqual({ name: "gate-production", vars: { B: 2 } });
});

test("an environment that the file lacks is a problem in words", () => {
  expect(() => read('name = "gate"\n', "nowhere")).toThrow(
    new DeployProblem("wrangler.toml has no [env.nowhere]."),
  );
});

test.each([
  [
    "an unfinished string",
    'name = "gate"\n[vars]\nA = "canary\n',
    /^wrangler\.toml is no TOML in line 3, column \d+\./,
  ],
  ["a table twice", "[vars]\n[vars]\n", /^wrangler\.toml is no TOML in line 2,/],
  ["a name that is a number", "name = 7\n", /^wrangler\.toml is wrong in name\./],
  ["variables that are no table", 'vars = "canary"\n', /^wrangler\.toml is wrong in vars\./],
  ["an environment that is no table", "[env]\nstaging = 1\n", /^wrangler\.toml is wrong in env\.staging\./],
])("a file with %s is a problem that names the place", (_what, text, message) => {
  const error = problemOf(() => read(text));
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("canary");
});

test("a file that is missing is a problem that says where to run the command", () => {
  const error = problemOf(() => readWorkerSettings(join(directory, "none.toml"), undefined));
  expect(error.message).toMatch(/^wrangler\.toml cannot be read \(ENOENT\)\. Run npm run deploy in/);
});

function problemOf(run: () => unknown): DeployProblem {
  try {
    run();
  } catch (error) {
    if (error instanceof DeployProblem) return error;
    throw error;
  }
  return expect.fail("there was no problem");
}
