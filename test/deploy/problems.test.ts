/** What stops a deployment. Each message says what to do, and contains no secret. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import {
  CREDENTIALS,
  LIVE_PROJECT_ID,
  PROJECT_ID,
  type Run,
  SECRET,
  secretsOf,
  useClone,
} from "./deployment.ts";

const clone = useClone();

function expectProblem(run: Run, message: RegExp): void {
  expect(run.code).toBe(1);
  expect(run.err).toMatch(message);
  for (const secret of secretsOf(clone)) expect(run.out + run.err).not.toContain(secret);
  expect(clone.temporaryFolders()).toEqual([]);
}

function expectNothingDeployed(run: Run, message: RegExp): void {
  expectProblem(run, message);
  expect(clone.deployments()).toEqual([]);
  expect(clone.kept()).toBeNull();
}

test("who is not logged in is told how to", async () => {
  clone.setState({ login: { loggedIn: false } });
  expectNothingDeployed(
    await clone.run([], CREDENTIALS),
    /npx wrangler login.*A dry run needs the login, too/,
  );
  expect(clone.calls().map(({ args }) => args[0])).toEqual(["whoami"]);
});

test("a login with two accounts lists them, unless one is chosen", async () => {
  const accounts = ["one", "two"].map((name) => ({ id: `id-${name}`, name }));
  clone.setState({ login: { loggedIn: true, accounts } });
  expectNothingDeployed(
    await clone.run([], CREDENTIALS),
    /CLOUDFLARE_ACCOUNT_ID.*\n {2}id-one {2}one\n {2}id-two/,
  );
  const run = await clone.run([], { ...CREDENTIALS, CLOUDFLARE_ACCOUNT_ID: "id-two" });
  expect(run).toMatchObject({ code: 0, out: expect.stringMatching(/account +two/) });
});

test("a failure to list the secrets is not taken for a Worker without any", async () => {
  clone.setState({
    secretList: "A request to the Cloudflare API failed. Authentication error [code: 10000]",
  });
  const run = await clone.run([], CREDENTIALS);
  expectNothingDeployed(run, /not known which secrets are set.*Authentication error \[code: 10000\]/s);
  expect(run.err).not.toContain(String.fromCharCode(27));
});

test.each([
  [
    "a project ID of another form",
    { STYTCH_PROJECT_ID: "project-test-1" },
    /STYTCH_PROJECT_ID: must be project-/,
  ],
  [
    "a test secret with a live project",
    { STYTCH_PROJECT_ID: LIVE_PROJECT_ID },
    /STYTCH_SECRET: is of a test project/,
  ],
  ["a project ID as the secret", { STYTCH_SECRET: PROJECT_ID }, /STYTCH_SECRET: is a project ID/],
  [
    "a key of Postern as the secret",
    { STYTCH_SECRET: "pst_test_canary" },
    /STYTCH_SECRET: is a key of Postern/,
  ],
  ["a secret with a space", { STYTCH_SECRET: "secret-test-ca nary" }, /STYTCH_SECRET: must be printable/],
  ["a short KEY_SECRET", { KEY_SECRET: "canary-short" }, /KEY_SECRET: must have at least 32/],
  ["a repeated ADMIN_TOKEN", { ADMIN_TOKEN: "canary".repeat(9) }, /ADMIN_TOKEN: must be random/],
])("%s is refused before anything is deployed", async (_what, change, message) => {
  const run = await clone.run([], { ...CREDENTIALS, ...change });
  expectNothingDeployed(run, message);
  expect(run.err).not.toMatch(/canary|ca nary/);
});

test("a variable of --var out of its range is refused", async () => {
  const run = await clone.run(["--var", "CACHE_FRESH_SECONDS:0"], CREDENTIALS);
  expectNothingDeployed(run, /CACHE_FRESH_SECONDS: must be a whole number from 1/);
});

test("a table among the variables of wrangler.toml is left to Postern's own checks", async () => {
  const vars = parse("[OWN]\nlist = [1]\n[STYTCH_BASE_URL]\nhost = 1\n");
  const readSettings = async () => ({ name: "postern", vars });
  expectNothingDeployed(await clone.run([], CREDENTIALS, { readSettings }), /\n {2}STYTCH_BASE_URL: must be/);
  const { STYTCH_BASE_URL: _, ...others } = vars;
  const run = await clone.run([], CREDENTIALS, {
    readSettings: async () => ({ name: "postern", vars: others }),
  });
  expect(run).toMatchObject({ code: 0, err: "" });
});

test("credentials that Stytch refuses are not deployed", async () => {
  const run = await clone.run([], CREDENTIALS, {
    askStytch: async () => ({ kind: "refused", text: "Stytch refuses the credentials." }),
  });
  expectNothingDeployed(run, /Stytch refuses.*stytch\.com\/dashboard\/api-keys/s);
});

test("credentials that Stytch could not be asked about are deployed with a notice", async () => {
  const run = await clone.run([], CREDENTIALS, {
    askStytch: async () => ({ kind: "unknown", text: "Stytch could not be asked." }),
  });
  expect(run).toMatchObject({ code: 0, out: expect.stringContaining("Stytch could not be asked.") });
});

test("without a terminal, a missing value is named", async () => {
  expectNothingDeployed(await clone.run([]), /STYTCH_PROJECT_ID is missing/);
  expectNothingDeployed(await clone.run(["--project-id", PROJECT_ID]), /STYTCH_SECRET is missing/);
});

test("an empty answer at the terminal is a missing value", async () => {
  expectNothingDeployed(await clone.run([], {}, { ask: async () => "" }), /STYTCH_PROJECT_ID: missing/);
});

test("a folder without wrangler says that npm ci is missing", async () => {
  const run = await clone.run([], CREDENTIALS, { root: join(clone.root, "tmp") });
  expectNothingDeployed(run, /npm ci/);
});

test("secrets that cannot be kept are not set", async () => {
  mkdirSync(join(clone.root, ".postern/postern.env.new"), { recursive: true });
  expectNothingDeployed(await clone.run([], CREDENTIALS), /cannot be written \(.*EISDIR\)/);
});

test("kept secrets that cannot be read stop the deployment", async () => {
  mkdirSync(join(clone.root, ".postern/postern.env"), { recursive: true });
  const run = await clone.run([], CREDENTIALS, {});
  expect(run).toMatchObject({ code: 1, err: expect.stringMatching(/cannot be read \(EISDIR\)/) });
  expect(clone.deployments()).toEqual([]);
});

test("a deployment that failed is repeated with the same secrets", async () => {
  clone.setState({ deploy: "fail" });
  expectProblem(await clone.run([], CREDENTIALS), /wrangler deploy failed \(exit code 1\)/);
  expect(clone.health.asked).toBe(0);
  clone.setState({ deploy: "ok" });
  expect(await clone.run([], CREDENTIALS)).toMatchObject({ code: 0 });
  const [failed, repeated] = clone.deployments();
  expect(failed?.secrets?.["KEY_SECRET"]).toMatch(/^[0-9a-f]{64}$/);
  expect(repeated?.secrets).toEqual(failed?.secrets);
});

test("a kept file that others could read is closed to them when it is replaced", async () => {
  mkdirSync(join(clone.root, ".postern"));
  const file = join(clone.root, ".postern/postern.env");
  writeFileSync(file, `KEY_SECRET=${"0123456789abcdef".repeat(2)}XYZ\n`);
  chmodSync(file, 0o644);
  expect(await clone.run([], CREDENTIALS)).toMatchObject({ code: 0 });
  expect(clone.deployments()[0]?.secrets?.["KEY_SECRET"]).toBe(`${"0123456789abcdef".repeat(2)}XYZ`);
  expect(clone.kept()).toContain("XYZ\nADMIN_TOKEN=");
});

test.each([
  ["misconfigured", 503, { error_type: "misconfigured" }, /configuration is not right.*wrangler tail/s],
  ["behind a sign-in", 302, {}, /answers with status 302.*Cloudflare Access/s],
  ["something else", 200, { hello: "world" }, /answers with status 200/],
])("a deployment that is %s is told after the wait", async (_what, status, body, message) => {
  Object.assign(clone.health, { status, body });
  expectProblem(await clone.run(["--wait", "1"], CREDENTIALS, { intervalMs: 100 }), message);
  expect(clone.health.asked).toBeGreaterThan(2);
});

test("a deployment that is well only later is waited for", async () => {
  clone.health.status = 503;
  setTimeout(() => {
    clone.health.status = 200;
  }, 400);
  expect(await clone.run([], CREDENTIALS)).toMatchObject({ code: 0 });
});

test("a deployment at an address that does not answer is told after the wait", async () => {
  clone.setState({ targets: ["http://127.0.0.1:9"] });
  const run = await clone.run(["--wait", "1"], CREDENTIALS, { intervalMs: 600 });
  expectProblem(run, /127\.0\.0\.1:9\/healthz does not answer/);
});

test("a deployment without an address says how to get one", async () => {
  clone.setState({ targets: ["postern.example/* (zone name: postern.example)"] });
  expectProblem(await clone.run([], CREDENTIALS), /took place.*workers_dev/s);
});

test("a first deployment in CI makes no secrets, which would be lost", async () => {
  expectNothingDeployed(await clone.run([], { ...CREDENTIALS, CI: "true" }), /would be lost/);
  const own = {
    KEY_SECRET: "own-key-secret-0123456789-abcdefghij",
    ADMIN_TOKEN: "own-token-0123456789-abcdefghij-xyz",
  };
  expect(await clone.run([], { ...CREDENTIALS, ...own, CI: "true" })).toMatchObject({ code: 0 });
  expect(await clone.run([], { CI: "true" })).toMatchObject({ code: 0 });
});

test("an unexpected error is told by its name alone", async () => {
  const build = async () => {
    throw new TypeError(SECRET);
  };
  const run = await clone.run([], CREDENTIALS, { build });
  expectNothingDeployed(run, /^error: unexpected TypeError\n$/);
});
