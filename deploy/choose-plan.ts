/** Finds out what a run is to set: from options, the environment, what was kept, and answers at the terminal. */
import type { DeployIo, WorkerSettings } from "./io.ts";
import { readKeptSecrets } from "./kept-secrets.ts";
import type { DeployOptions } from "./options.ts";
import { type Plan, planDeployment, type SecretName } from "./plan.ts";
import { DeployProblem } from "./problem.ts";

interface PlanSources {
  readonly options: DeployOptions;
  readonly io: DeployIo;
  readonly settings: WorkerSettings;
  /** The names of the secrets that Cloudflare has. */
  readonly setSecrets: readonly string[];
}

/** Decides what is set, and asks for what is missing. */
export async function choosePlan({
  options,
  io,
  settings: { name, vars: fileVars },
  setSecrets,
}: PlanSources): Promise<{ plan: Plan; asked: readonly string[] }> {
  // Cloudflare's own builds have no terminal, and take the secrets from the form of the deploy button or the dashboard.
  const isCloudflareBuild = io.env["WORKERS_CI"] === "1";
  const isFirst = !setSecrets.includes("STYTCH_SECRET") && !isCloudflareBuild;
  const asked: string[] = [];
  const obtain = async (variable: string, value: string | undefined, question: string) => {
    if (value || !isFirst) return value || undefined;
    if (options.dryRun) {
      asked.push(variable);
      return undefined;
    }
    if (io.ask === null) {
      throw new DeployProblem(
        `${variable} is missing, and there is no terminal to ask at: set it in the environment.`,
      );
    }
    return await io.ask(question, variable === "STYTCH_SECRET");
  };
  // Later, a project ID in the environment may be that of another deployment. Only the option changes it.
  const fromEnvironment = isFirst ? io.env["STYTCH_PROJECT_ID"] : undefined;
  const projectId =
    fileVars["STYTCH_PROJECT_ID"] === undefined || options.projectId !== undefined
      ? await obtain(
          "STYTCH_PROJECT_ID",
          options.projectId ?? fromEnvironment,
          "Stytch project ID (project-…): ",
        )
      : undefined;
  const secret = await obtain(
    "STYTCH_SECRET",
    options.secret ?? io.env["STYTCH_SECRET"],
    "Its secret (secret-…), which is not shown: ",
  );
  const given: Partial<Record<SecretName, string>> = {
    ...(secret === undefined ? {} : { STYTCH_SECRET: secret }),
    ...givenSecret("KEY_SECRET", io.env),
    ...givenSecret("ADMIN_TOKEN", io.env),
  };
  const kept = setSecrets.includes("KEY_SECRET") ? {} : readKeptSecrets(io.root, name);
  const vars = { ...(projectId === undefined ? {} : { STYTCH_PROJECT_ID: projectId }), ...options.var };
  const plan = planDeployment({ setSecrets, vars, given, kept, makesSecrets: !isCloudflareBuild });
  if (io.env["CI"] && Object.values(plan.sources).includes("made")) {
    throw new DeployProblem(
      "The secrets that this run would make would be lost with this machine (CI is set). Run the first deployment on " +
        "your own, or set KEY_SECRET and ADMIN_TOKEN in the environment.",
    );
  }
  return { plan, asked };
}

const givenSecret = (name: SecretName, env: NodeJS.ProcessEnv) => (env[name] ? { [name]: env[name] } : {});
