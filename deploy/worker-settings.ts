/** What `wrangler.toml` says of the Worker of an environment. Wrangler itself would take two seconds to load. */
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import type { WorkerSettings } from "./io.ts";
import { DeployProblem } from "./problem.ts";

const section = z.object({
  name: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
});
const file = section.extend({ env: z.record(z.string(), section).default({}) });

/** Wrangler is told to read it, too: it would prefer a `wrangler.json` beside it. */
export const WRANGLER_FILE = "wrangler.toml";

/**
 * The name and variables in this file, at its top or in an environment, which inherits no variable. Throws a
 * `DeployProblem` if it cannot be read, or has no such environment.
 * https://developers.cloudflare.com/workers/wrangler/configuration/#environments
 */
export function readWorkerSettings(path: string, env: string | undefined): WorkerSettings {
  const settings = file.safeParse(parseToml(readText(path)));
  if (!settings.success) {
    const place = settings.error.issues[0]?.path.join(".");
    throw new DeployProblem(`${WRANGLER_FILE} is wrong in ${place}. Nothing was deployed.`);
  }
  const { name = "postern", vars, env: environments } = settings.data;
  if (env === undefined) return { name, vars };
  const environment = environments[env];
  if (environment === undefined) throw new DeployProblem(`${WRANGLER_FILE} has no [env.${env}].`);
  return { name: environment.name ?? `${name}-${env}`, vars: environment.vars };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "unknown error";
    throw new DeployProblem(
      `${WRANGLER_FILE} cannot be read (${code}). Run npm run deploy in the folder of your clone.`,
    );
  }
}

/** The parser's own message would quote the lines. */
function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new DeployProblem(
      `${WRANGLER_FILE} is no TOML in line ${error.line}, column ${error.column}. Nothing was deployed.`,
    );
  }
}
