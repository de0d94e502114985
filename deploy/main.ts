/** Connects `npm run deploy` to this process. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runDeploy } from "./deploy.ts";
import { DEFAULT_INTERVAL_MS } from "./health.ts";
import { DeployProblem } from "./problem.ts";
import { ask } from "./prompt.ts";
import { readWorkerSettings } from "./worker-settings.ts";
import { executeScript } from "./wrangler.ts";

const ASSETS = join(import.meta.dirname, "..", "dist", "assets", "console", "index.html");

const controller = new AbortController();
const { signal } = controller;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(name, interrupt);

/** The first one lets the run clean up. The second one ends the process at once. */
function interrupt(): void {
  if (signal.aborted) process.exit(130);
  controller.abort();
}

const terminal = { input: process.stdin, output: process.stderr, interrupt, signal };

process.exitCode = await runDeploy(process.argv.slice(2), {
  root: process.cwd(),
  env: process.env,
  signal,
  shown: "inherit",
  execute: executeScript,
  ask:
    process.stdin.isTTY && process.stderr.isTTY
      ? async (question, isHidden) => await ask(terminal, question, isHidden)
      : null,
  readSettings: async (env) => readWorkerSettings("wrangler.toml", env),
  build,
  askStytch: async (stytch) => {
    const { askStytchAboutCredentials } = await import("../dev/stytch-credentials.ts");
    return await askStytchAboutCredentials(stytch);
  },
  intervalMs: DEFAULT_INTERVAL_MS,
  writeOut: (text) => void process.stdout.write(`${text}\n`),
  writeErr: (text) => void process.stderr.write(`${text}\n`),
});

async function build(): Promise<void> {
  const { buildAssets } = await import("../console/build.ts");
  await buildAssets();
  if (!existsSync(ASSETS)) {
    throw new DeployProblem(
      "npm run build made no dist/assets/console/index.html. Run npm ci, and try again.",
    );
  }
}
