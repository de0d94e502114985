/** The calls of wrangler. Its texts change between versions, so only what it offers to programs is read. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { DeployProblem, throwIfInterrupted } from "./problem.ts";
import { SECRET_VARIABLES } from "./secret-names.ts";

export interface WranglerSetup {
  /** The clone. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** What becomes of the output of a deployment. */
  readonly shown: "inherit" | "ignore";
  readonly execute: (call: WranglerCall) => Promise<WranglerRun>;
}

/** A run of a script by Node. */
export interface WranglerCall {
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** `pipe`: it is returned. */
  readonly output: "inherit" | "ignore" | "pipe";
}

export interface WranglerRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * What the child needs not know, and what would make it choose another environment or more bindings. Package managers put
 * options (`npm_config_secret`) and the whole command line (`npm_config_argv`) there.
 */
const WITHHELD = [
  ...SECRET_VARIABLES,
  "npm_config_secret",
  "npm_config_argv",
  "CLOUDFLARE_ENV",
  "CLOUDFLARE_INCLUDE_PROCESS_ENV",
  "WRANGLER_OUTPUT_FILE_DIRECTORY",
];

async function run(
  { root, env, signal, shown, execute }: WranglerSetup,
  args: readonly string[],
  options: { readonly output?: string } = {},
): Promise<WranglerRun> {
  throwIfInterrupted(signal);
  const script = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  if (!existsSync(script)) throw new DeployProblem("wrangler is not installed. Run npm ci first.");
  const isShown = options.output !== undefined;
  const result = await execute({
    script,
    args,
    cwd: root,
    env: {
      ...Object.fromEntries(Object.entries(env).filter(([name]) => !WITHHELD.includes(name))),
      ...(isShown ? { WRANGLER_OUTPUT_FILE_PATH: options.output } : {}),
    },
    signal,
    output: isShown ? shown : "pipe",
  });
  throwIfInterrupted(signal);
  return result;
}

/** Resolves when the process has ended, also after an abort. */
export async function executeScript(call: WranglerCall): Promise<WranglerRun> {
  const { script, args, cwd, env, signal, output } = call;
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env,
    stdio: [output === "pipe" ? "ignore" : output, output, output],
    signal,
  });
  let [out, err] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  // After an abort the child emits an error, and then ends.
  child.on("error", () => {});
  const code = await new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  return { code, out, err };
}

const textOf = ({ out, err }: WranglerRun) => stripVTControlCharacters(`${out}\n${err}`);

/** The last lines of what a call said, for a message. */
const wordsOf = (result: WranglerRun) =>
  textOf(result)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-8)
    .join("\n");

/** Returns who is logged in, in words. Throws a DeployProblem if nobody is, or if the account is not certain. */
export async function checkLogin(setup: WranglerSetup): Promise<string> {
  const { code, out } = await run(setup, ["whoami", "--json"]);
  const parsed = parseJson(out) as { loggedIn?: boolean; email?: string; accounts?: Account[] } | null;
  if (code !== 0 || parsed?.loggedIn !== true) {
    throw new DeployProblem(
      "You are not logged in to Cloudflare. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN to a token that may " +
        "edit Workers. A dry run needs the login, too.",
    );
  }
  const accounts = parsed.accounts ?? [];
  const wanted = setup.env["CLOUDFLARE_ACCOUNT_ID"];
  if (accounts.length > 1 && !wanted) {
    const list = accounts.map(({ name, id }) => `  ${id}  ${name}`).join("\n");
    throw new DeployProblem(
      `The login has several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of these:\n${list}`,
    );
  }
  const account = accounts.find(({ id }) => !wanted || id === wanted)?.name ?? wanted ?? "unknown account";
  return parsed.email ? `${account} (${parsed.email})` : account;
}

interface Account {
  readonly id: string;
  readonly name: string;
}

/** Returns the names of the secrets that are set; null if the Worker does not exist yet. */
export async function listSecrets(
  setup: WranglerSetup,
  target: readonly string[],
): Promise<readonly string[] | null> {
  const result = await run(setup, ["secret", "list", ...target]);
  if (result.code === 0) {
    const list = parseJson(result.out);
    if (Array.isArray(list)) return list.map(({ name }: { name: string }) => name);
  }
  // wrangler has no code for it. Taken for missing by mistake, a deployment would replace secrets: the words must fit.
  if (result.code !== 0 && /Worker ".+"(?: \(env: .+\))? not found\./.test(textOf(result))) return null;
  throw new DeployProblem(
    `wrangler secret list failed, so it is not known which secrets are set, and none was changed:\n${wordsOf(result)}`,
  );
}

/** Deploys, and returns the addresses that wrangler names. */
export async function deployWorker(
  setup: WranglerSetup,
  args: readonly string[],
  output: string,
): Promise<readonly string[]> {
  const { code } = await run(setup, args, { output });
  if (code !== 0) {
    throw new DeployProblem(
      `wrangler deploy failed (exit code ${code}): what it said is above. ` +
        "Mend that, and run npm run deploy again: it goes on with the same secrets.",
    );
  }
  const lines = existsSync(output) ? readFileSync(output, "utf8").split("\n") : [];
  const entries = lines.map((line) => parseJson(line) as { type?: string; targets?: string[] } | null);
  return entries.findLast((entry) => entry?.type === "deploy")?.targets ?? [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
