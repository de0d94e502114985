/** One run of `npm run deploy`, from the checks to the next steps. */
import { CommanderError } from "commander";
import { parseConfig } from "../src/config.ts";
import { choosePlan } from "./choose-plan.ts";
import { originOf, waitForHealth } from "./health.ts";
import type { DeployIo, WorkerSettings } from "./io.ts";
import { keepSecrets } from "./kept-secrets.ts";
import { type DeployOptions, readDeployOptions } from "./options.ts";
import { checkPlan, type Plan } from "./plan.ts";
import { DeployProblem, Interrupted } from "./problem.ts";
import { commandsText, planText, resultText } from "./report.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";
import { WRANGLER_FILE } from "./worker-settings.ts";
import { checkLogin, deployWorker, listSecrets } from "./wrangler.ts";

/** Returns the exit code: 0 if it succeeded, 1 if it failed, 2 for wrong usage, 130 if it was interrupted. */
export async function runDeploy(args: readonly string[], io: DeployIo): Promise<0 | 1 | 2 | 130> {
  try {
    await deploy(readDeployOptions(args, io.env, io.writeOut), io);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted || io.signal.aborted) {
      io.writeErr(
        "\nInterrupted. npx wrangler deployments list tells whether this version is deployed. " +
          "Run npm run deploy again: it goes on with the same secrets.",
      );
      return 130;
    }
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      io.writeErr(withoutValues(error.message));
      return 2;
    }
    // The message of an unexpected error might repeat what it was given.
    const known =
      error instanceof DeployProblem
        ? error.message
        : `unexpected ${error instanceof Error ? error.name : "error"}`;
    io.writeErr(`error: ${known}`);
    return 1;
  }
}

/** Commander repeats what it was given, which may be a secret: `--secret=…` with a typing error, or `--var STYTCH_SECRET:…`. */
const withoutValues = (message: string) =>
  message
    .replace(/ argument '.*' is invalid\./s, " has a wrong value.")
    .replace(/(unknown option '--[\w-]+)=.*'/s, "$1'")
    .replace(/(too many arguments).*/s, "$1: there are only options");

async function deploy(options: DeployOptions, io: DeployIo): Promise<void> {
  const settings = await io.readSettings(options.env);
  const target = [`--config=${WRANGLER_FILE}`, `--env=${options.env ?? ""}`];
  const account = await checkLogin(io);
  const setSecrets = await listSecrets(io, target);
  const { plan, asked } = await choosePlan({ options, io, settings, setSecrets: setSecrets ?? [] });
  checkPlan(plan, settings.vars);
  await checkCredentials(plan, settings, io);

  const argsOf = (vars: Plan["vars"]) => ["deploy", ...target, ...Object.entries(vars).flatMap(varArg)];
  const fileArgs = (file: string, secrets: object) =>
    Object.keys(secrets).length === 0 ? [] : ["--secrets-file", file];
  io.writeOut(planText({ account, workerName: settings.name, exists: setSecrets !== null, plan, asked }));
  if (options.dryRun) {
    const { vars, secrets } = withAnswers(plan, asked);
    const args = [...argsOf(vars), ...fileArgs("<temporary file>", secrets)];
    io.writeOut(commandsText(args, Object.keys(secrets)));
    io.writeOut("This was a dry run: nothing was changed.");
    return;
  }

  await io.build();
  if (plan.sources.KEY_SECRET === "made" || plan.sources.ADMIN_TOKEN === "made")
    keep(plan, settings.name, io.root);
  const folder = createTemporaryFolder(io.signal);
  let targets: readonly string[];
  try {
    const hasSecrets = Object.keys(plan.secrets).length > 0;
    const file = hasSecrets ? folder.write("secrets.json", JSON.stringify(plan.secrets)) : "";
    const args = [...argsOf(plan.vars), ...fileArgs(file, plan.secrets)];
    targets = await deployWorker(io, args, folder.path("output.ndjson"));
  } finally {
    folder.remove();
  }
  await report(targets, plan, settings.name, options, io);
}

/** What a run sets once it has the answers that a dry run does not ask for. */
function withAnswers({ vars, secrets }: Plan, asked: readonly string[]): Pick<Plan, "vars" | "secrets"> {
  const answer = (name: string) => (asked.includes(name) ? { [name]: "<your answer>" } : {});
  return {
    vars: { ...answer("STYTCH_PROJECT_ID"), ...vars },
    secrets: { ...answer("STYTCH_SECRET"), ...secrets },
  };
}

const varArg = ([name, value]: [string, string]) => ["--var", `${name}:${value}`];

/** They are kept before they are set: a secret that is set and that nobody has cannot be read again. */
function keep({ secrets, sources }: Plan, workerName: string, root: string): void {
  const names = (["KEY_SECRET", "ADMIN_TOKEN"] as const).filter((name) => sources[name] !== "given");
  const kept = names.flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]] as const]));
  keepSecrets(root, workerName, Object.fromEntries(kept));
}

/** Asks Stytch about credentials that are about to be set. A failure of the call itself is a notice. */
async function checkCredentials(plan: Plan, { vars }: WorkerSettings, io: DeployIo): Promise<void> {
  const config = parseConfig({ KEY_SECRET: "", ...vars, ...plan.vars, ...plan.secrets });
  if (!config.ok || plan.secrets["STYTCH_SECRET"] === undefined) return;
  const check = await io.askStytch(config.value.stytch);
  if (check.kind === "refused") {
    throw new DeployProblem(
      `${check.text}\nNothing was deployed. Check the project ID and the secret: https://stytch.com/dashboard/api-keys`,
    );
  }
  io.writeOut(check.text);
}

async function report(
  targets: readonly string[],
  plan: Plan,
  workerName: string,
  options: DeployOptions,
  io: DeployIo,
): Promise<void> {
  const origin = originOf(targets);
  if (origin === null) {
    throw new DeployProblem(
      "The deployment took place, but wrangler names no address at which Postern could be asked whether it is well. " +
        "Set workers_dev = true or a custom domain in wrangler.toml (docs/operations.md), and run npm run deploy again.",
    );
  }
  if (io.env["WORKERS_CI"] !== "1") {
    io.writeOut(`Waiting for ${origin}/healthz, for at most ${options.wait} s.`);
    await waitForHealth(origin, {
      waitMs: options.wait * 1_000,
      intervalMs: io.intervalMs,
      signal: io.signal,
    });
  }
  io.writeOut(resultText(origin, workerName, plan));
}
