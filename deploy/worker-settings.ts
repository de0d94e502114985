/** What `wrangler.toml` says of the Worker of an environment. Wrangler itself would take two seconds to load. */
import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import * as z from "zod";
import type { WorkerSettings } from "./io.ts";
import { DeployProblem } from "./problem.ts";

const section = z.object({
  name: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
});
const file = section.extend({ env: z.record(z.string(), section).default({}) });

/**
 * The name and variables in this file, at its top or in an environment, which inherits no variable. Throws a
 * `DeployProblem` if it has no such environment, and other errors if it cannot be read.
 * https://developers.cloudflare.com/workers/wrangler/configuration/#environments
 */
export function readWorkerSettings(path: string, env: string | undefined): WorkerSettings {
  const { name = "postern", vars, env: environments } = file.parse(parse(readFileSync(path, "utf8")));
  if (env === undefined) return { name, vars };
  const environment = environments[env];
  if (environment === undefined) throw new DeployProblem(`wrangler.toml has no [env.${env}].`);
  return { name: environment.name ?? `${name}-${env}`, vars: environment.vars };
}
