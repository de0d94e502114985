/** The command line of `npm run deploy`. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { optionsTakenByNpm } from "../dev/options-of-npm.ts";
import { VARIABLE_NAMES } from "../src/config.ts";
import { isSecretName } from "./secret-names.ts";

export const DEFAULT_WAIT_SECONDS = 120;
const MAX_WAIT_SECONDS = 3_600;

export interface DeployOptions {
  /** Undefined: the top level of `wrangler.toml`. */
  readonly env?: "staging" | "production";
  readonly projectId?: string;
  readonly secret?: string;
  /** More variables to set, by name. */
  readonly var: Readonly<Record<string, string>>;
  readonly wait: number;
  readonly dryRun: boolean;
}

const HELP = `
Environment, for the first deployment alone:
  STYTCH_PROJECT_ID, STYTCH_SECRET   asked for if they are not set
  KEY_SECRET, ADMIN_TOKEN            made if they are not set, and kept in .postern/

Environment, for every deployment and dry run:
  CLOUDFLARE_API_TOKEN               instead of npx wrangler login
  CLOUDFLARE_ACCOUNT_ID              if the login has several accounts

A secret that is set already is never changed. Variables stay, too.
Without the -- after deploy, npm takes options for itself.

Examples:
  npm run deploy
  npm run deploy -- --dry-run
  npm run deploy -- --env staging
  npm run deploy -- --env production --var CACHE_FRESH_SECONDS:300`;

/** Returns the options. Throws a CommanderError for wrong usage, and after it has printed the help. */
export function readDeployOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  writeOut: (text: string) => void,
): DeployOptions {
  const program = new Command("npm run deploy --")
    .description("Deploys Postern to your Cloudflare account, and may be repeated.")
    .addOption(
      new Option("--env <name>", "environment of wrangler.toml (default: its top level)").choices([
        "staging",
        "production",
      ]),
    )
    .option("--project-id <id>", "the Stytch project (default: STYTCH_PROJECT_ID)", parseCredential)
    .option(
      "--secret <secret>",
      "its secret (default: STYTCH_SECRET, which is safer: npm prints arguments and keeps them in a log)",
      parseCredential,
    )
    .option("--var <NAME:VALUE>", "set a variable; may be repeated", collectVariable)
    .option("--wait <seconds>", "how long to wait for /healthz", parseWait, DEFAULT_WAIT_SECONDS)
    .option("--dry-run", "show what would be done, and change nothing; needs the login, too")
    .addHelpText("after", HELP)
    .exitOverride()
    .configureOutput({ writeOut: (text) => writeOut(text.trimEnd()), writeErr: () => {} });
  refuseOptionsOfNpm(program.options, env);
  const given = program.parse(args, { from: "user" }).opts<Partial<DeployOptions> & { wait: number }>();
  // As defaults of commander, the help would show them.
  return { var: {}, dryRun: false, ...given };
}

/** Without the options that npm took for itself, the run would deploy for real, and to the top level. */
function refuseOptionsOfNpm(options: readonly Option[], env: NodeJS.ProcessEnv): void {
  const names = options.map((option) => option.name());
  const taken = optionsTakenByNpm(names, env);
  const flags = options.filter((option) => taken.includes(option.name())).map((option) => option.flags);
  if (flags.length === 0) return;
  const message =
    `error: npm took ${flags.join(", ")} for itself, since no -- stands before it. Nothing was deployed. ` +
    `Write: npm run deploy -- ${flags.join(" ")}`;
  throw new CommanderError(2, "postern.optionOfNpm", message);
}

/** Commander takes whatever follows for the value, such as the next option. An empty one is a shell variable that is not set. */
function parseCredential(text: string): string {
  if (text === "" || text.startsWith("-"))
    throw new InvalidArgumentError("It is missing, or begins with a dash.");
  return text;
}

function collectVariable(text: string, known: Readonly<Record<string, string>> = {}): Record<string, string> {
  const end = text.indexOf(":");
  const name = text.slice(0, Math.max(end, 0));
  if (name === "") throw new InvalidArgumentError("Write it as NAME:VALUE.");
  if (isSecretName(name)) {
    throw new InvalidArgumentError(
      `${VARIABLE_NAMES.includes(name) ? name : "This"} is a secret: npx wrangler secret put NAME sets one.`,
    );
  }
  if (name === "STYTCH_PROJECT_ID") throw new InvalidArgumentError("Use --project-id.");
  if (!VARIABLE_NAMES.includes(name)) throw new InvalidArgumentError(`Postern knows no ${name}.`);
  return { ...known, [name]: text.slice(end + 1) };
}

function parseWait(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new InvalidArgumentError(`A whole number from 1 to ${MAX_WAIT_SECONDS}.`);
}
