import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkLogin } from "../../deploy/wrangler.ts";
import { CREDENTIALS, PROJECT_ID, type Run, SECRET, secretsOf, useClone } from "./deployment.ts";

const clone = useClone();

/** How each call of a deployment of the top level begins. A wrangler.json beside wrangler.toml would win without it. */
const DEPLOY = ["deploy", "--config=wrangler.toml", "--env="];

/** Expects success, and no secret in what was printed. */
function expectDeployed(run: Run): void {
  expect(run).toMatchObject({ code: 0, err: "" });
  for (const secret of secretsOf(clone)) expect(run.out).not.toContain(secret);
  expect(clone.temporaryFolders()).toEqual([]);
}

test("a first deployment sets three secrets from a file that only its owner can read", async () => {
  expectDeployed(await clone.run([], CREDENTIALS));
  const [deployment, ...others] = clone.deployments();
  expect(others).toEqual([]);
  expect(deployment?.args).toEqual([
    ...DEPLOY,
    "--var",
    `STYTCH_PROJECT_ID:${PROJECT_ID}`,
    "--secrets-file",
    expect.stringContaining("postern-deploy-"),
  ]);
  expect(deployment?.mode).toBe("600");
  expect(deployment?.secrets).toEqual({
    STYTCH_SECRET: SECRET,
    KEY_SECRET: expect.stringMatching(/^[0-9a-f]{64}$/),
    ADMIN_TOKEN: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(deployment?.secrets?.["KEY_SECRET"]).not.toBe(deployment?.secrets?.["ADMIN_TOKEN"]);
});

test("no secret is in the arguments or the environment of wrangler", async () => {
  expectDeployed(await clone.run([], CREDENTIALS));
  const secrets = secretsOf(clone);
  expect(secrets.length).toBeGreaterThan(3);
  for (const { args, environment } of clone.calls()) {
    for (const secret of secrets) expect(args.join(" ") + environment).not.toContain(secret);
  }
});

test("no other secret of the environment reaches wrangler, but the token of Cloudflare does", async () => {
  const secrets = {
    STYTCH_SECRET_NEXT: "canary-1",
    KEY_SECRET_PREVIOUS: "canary-2",
    STYTCH_WEBHOOK_SECRET: "canary-3",
    METRICS_TOKEN: "canary-4",
    npm_config_argv: '{"original":["deploy","--secret","canary-5"]}',
  };
  const run = await clone.run([], { ...CREDENTIALS, ...secrets, CLOUDFLARE_API_TOKEN: "cf" });
  expectDeployed(run);
  expect(clone.calls()).toHaveLength(3);
  for (const { environment } of clone.calls()) {
    expect(environment).not.toContain("canary");
    expect(JSON.parse(environment)).toMatchObject({ CLOUDFLARE_API_TOKEN: "cf" });
  }
});

test("a secret that npm took for itself is withheld from wrangler, too", async () => {
  const environments: NodeJS.ProcessEnv[] = [];
  await checkLogin({
    root: clone.root,
    env: { npm_config_secret: SECRET, PATH: "/bin" },
    signal: new AbortController().signal,
    shown: "ignore",
    execute: async ({ env }) => {
      environments.push(env);
      return { code: 0, out: '{"loggedIn":true}', err: "" };
    },
  });
  expect(environments).toEqual([{ PATH: "/bin" }]);
});

test("the secrets that are made are kept in a file of mode 600, without the Stytch secret", async () => {
  expectDeployed(await clone.run([], CREDENTIALS));
  const { KEY_SECRET, ADMIN_TOKEN } = clone.deployments()[0]?.secrets ?? {};
  expect(clone.kept()).toContain(`\nKEY_SECRET=${KEY_SECRET}\nADMIN_TOKEN=${ADMIN_TOKEN}\n`);
  expect(clone.kept()).not.toContain(SECRET);
  expect(statSync(join(clone.root, ".postern/postern.env")).mode & 0o777).toBe(0o600);
  expect(statSync(join(clone.root, ".postern")).mode & 0o777).toBe(0o700);
});

test("the result names the console, the file of the secrets and three next steps", async () => {
  const run = await clone.run([], CREDENTIALS);
  expectDeployed(run);
  expect(run.out).toMatch(/Console: http:\/\/127\.0\.0\.1:\d+\/console\/\n/);
  expect(run.out).toContain(".postern/postern.env");
  expect(run.out.match(/^ {2}\d\./gm)).toEqual(["  1.", "  2.", "  3."]);
});

test("a repeated deployment sets no secret and asks for nothing", async () => {
  expectDeployed(await clone.run([], CREDENTIALS));
  const kept = clone.kept();
  expectDeployed(await clone.run([]));
  expect(clone.deployments()[1]).toMatchObject({ args: DEPLOY, secrets: null });
  expect(clone.kept()).toBe(kept);
});

test("a repeated deployment ignores other credentials of the environment", async () => {
  expectDeployed(await clone.run([], CREDENTIALS));
  const other = {
    STYTCH_PROJECT_ID: "project-test-ffffffff-0000-4000-8000-00000000000a",
    STYTCH_SECRET: "secret-test-another",
    KEY_SECRET: "another-key-secret-0123456789-abcdefghij",
    ADMIN_TOKEN: "another-admin-token-0123456789-abcdefghij",
  };
  expectDeployed(await clone.run([], other));
  expect(clone.deployments()[1]).toMatchObject({ args: DEPLOY, secrets: null });
});

test("a repeated deployment changes the project only by the option", async () => {
  expectDeployed(await clone.run([], CREDENTIALS));
  expectDeployed(await clone.run(["--project-id", PROJECT_ID]));
  expect(clone.deployments()[1]?.args).toContain(`STYTCH_PROJECT_ID:${PROJECT_ID}`);
});

test("a deployment whose operator deleted ADMIN_TOKEN gets no new one", async () => {
  clone.setState({ secrets: ["STYTCH_SECRET", "KEY_SECRET"] });
  const run = await clone.run([]);
  expectDeployed(run);
  expect(clone.deployments()[0]?.secrets).toBeNull();
  expect(run.out).toContain("wrangler secret put ADMIN_TOKEN");
});

test("a deployment with only STYTCH_SECRET set gets the other two", async () => {
  clone.setState({ secrets: ["STYTCH_SECRET"] });
  expectDeployed(await clone.run([]));
  expect(Object.keys(clone.deployments()[0]?.secrets ?? {})).toEqual(["KEY_SECRET", "ADMIN_TOKEN"]);
});

test("secrets of the environment are set, and not kept in a file", async () => {
  const own = {
    KEY_SECRET: "own-key-secret-0123456789-abcdefghij",
    ADMIN_TOKEN: "own-admin-token-0123456789-abcdefghij",
  };
  expectDeployed(await clone.run([], { ...CREDENTIALS, ...own }));
  expect(clone.deployments()[0]?.secrets).toEqual({ STYTCH_SECRET: SECRET, ...own });
  expect(clone.kept()).toBeNull();
});

test("a given KEY_SECRET with a made ADMIN_TOKEN: only the token is kept, and read from the file", async () => {
  const own = { KEY_SECRET: "own-key-secret-0123456789-abcdefghij" };
  const run = await clone.run([], { ...CREDENTIALS, ...own });
  expectDeployed(run);
  expect(clone.kept()).toMatch(/\nADMIN_TOKEN=[0-9a-f]{64}\n$/);
  expect(clone.kept()).not.toContain("KEY_SECRET=");
  expect(run.out).toContain("\nADMIN_TOKEN is in .postern/postern.env, which");
  expect(run.out).toContain("Cloudflare never shows it again: store it in");
  expect(run.out).toContain("with ADMIN_TOKEN, from .postern/postern.env.");
  expect(run.out).toContain('POSTERN_ADMIN_TOKEN="$(sed -n s/^ADMIN_TOKEN=//p .postern/postern.env)"');
});

test("a made KEY_SECRET with a given ADMIN_TOKEN: only the key secret is kept", async () => {
  const own = { ADMIN_TOKEN: "own-admin-token-0123456789-abcdefghij" };
  const run = await clone.run([], { ...CREDENTIALS, ...own });
  expectDeployed(run);
  expect(clone.kept()).toMatch(/\nKEY_SECRET=[0-9a-f]{64}\n$/);
  expect(clone.kept()).not.toContain("ADMIN_TOKEN=");
  expect(run.out).toContain("\nKEY_SECRET is in .postern/postern.env, which");
  expect(run.out).toContain("with ADMIN_TOKEN.");
  expect(run.out).toContain('POSTERN_ADMIN_TOKEN="<ADMIN_TOKEN>"');
});

test("--env staging deploys that environment, with secrets in a file of its own", async () => {
  expectDeployed(await clone.run(["--env", "staging"], CREDENTIALS));
  expect(clone.calls().map(({ args }) => args.slice(0, 4))).toEqual([
    ["whoami", "--json"],
    ["secret", "list", "--config=wrangler.toml", "--env=staging"],
    ["deploy", "--config=wrangler.toml", "--env=staging", "--var"],
  ]);
  expect(clone.kept("postern-staging")).toContain("KEY_SECRET=");
  expect(clone.kept()).toBeNull();
});

test("variables of --var are passed on, and the project of wrangler.toml is not asked for", async () => {
  const readSettings = async () => ({ name: "postern", vars: { STYTCH_PROJECT_ID: PROJECT_ID } });
  const args = ["--var", "CACHE_FRESH_SECONDS:300", "--var", "CORS_ORIGINS:https://app.example"];
  expectDeployed(await clone.run(args, { STYTCH_SECRET: SECRET }, { readSettings }));
  expect(clone.deployments()[0]?.args.slice(3, 7)).toEqual([
    "--var",
    "CACHE_FRESH_SECONDS:300",
    "--var",
    "CORS_ORIGINS:https://app.example",
  ]);
});

test("what is missing is asked for at the terminal, and the secret hidden", async () => {
  const asked: [string, boolean][] = [];
  const ask = async (question: string, isHidden: boolean) => {
    asked.push([question, isHidden]);
    return isHidden ? SECRET : PROJECT_ID;
  };
  const run = await clone.run([], {}, { ask });
  expectDeployed(run);
  expect(run.out).not.toContain("not given");
  expect(asked.map(([, isHidden]) => isHidden)).toEqual([false, true]);
  expect(clone.deployments()[0]?.secrets?.["STYTCH_SECRET"]).toBe(SECRET);
});

test("a dry run changes nothing, asks nothing and shows no secret", async () => {
  let built = 0;
  const build = async () => {
    built += 1;
  };
  const ask = async () => expect.fail("asked");
  const run = await clone.run(["--dry-run"], CREDENTIALS, { build, ask });
  expectDeployed(run);
  expect(clone.calls().map(({ args }) => args[0])).toEqual(["whoami", "secret"]);
  expect([built, clone.kept(), clone.health.asked]).toEqual([0, null, 0]);
  expect(run.out).toContain('{"STYTCH_SECRET":"***","KEY_SECRET":"***","ADMIN_TOKEN":"***"}');
  expect(run.out).toContain(`--var STYTCH_PROJECT_ID:${PROJECT_ID}`);
  const without = await clone.run(["--dry-run"], {}, { build, ask });
  expectDeployed(without);
  expect(without.out).toMatch(/STYTCH_SECRET +not given: you are asked for it/);
  // The command is that of the run that asks.
  expect(without.out).toContain(
    "wrangler deploy --config=wrangler.toml --env= --var STYTCH_PROJECT_ID:<your answer> --secrets-file <temporary file>",
  );
  expect(without.out).toContain('{"STYTCH_SECRET":"***","KEY_SECRET":"***","ADMIN_TOKEN":"***"}');
});

test("a build of Cloudflare makes no secret, asks for none and waits for nobody", async () => {
  clone.health.status = 503;
  expectDeployed(await clone.run([], { WORKERS_CI: "1" }));
  expect(clone.deployments()[0]).toMatchObject({ args: DEPLOY, secrets: null });
  expect([clone.kept(), clone.health.asked]).toEqual([null, 0]);
});

test("the help shows no default that says nothing", async () => {
  const { code, out } = await clone.run(["--help"]);
  expect(code).toBe(0);
  expect(out).toContain("(default: 120)");
  expect(out).not.toMatch(/default:\s+(?:\{\}|false)/);
  const words = out.replaceAll(/\s+/g, " ");
  expect(words).toContain("npm prints arguments and keeps them in a log");
  expect(words).toContain("change nothing; needs the login, too");
  expect(words).toMatch(/for every deployment and dry run: CLOUDFLARE_API_TOKEN.+ CLOUDFLARE_ACCOUNT_ID/);
});
