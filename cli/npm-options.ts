/** Refuses a command whose options npm took for itself, instead of running it without them. */
import type { Command, Option } from "commander";
import { optionsTakenByNpm } from "../dev/options-of-npm.ts";
import type { Environment } from "./connection.ts";
import { CliError } from "./errors.ts";

/** npm has options of these names, so they may be set for npm itself, in a `.npmrc` or the environment. */
const NAMES_OF_NPM = ["all", "expires", "json", "name", "scope", "yes"];
/** What npm makes of `--token`, since it completes the name of an option. */
const COMPLETED_TOKEN = "token-description";

/** Throws if npm took any option of any command of the program. */
export function refuseOptionsOfNpm(program: Command, env: Environment): void {
  const taken = takenOptions(program, env).filter((name) => !NAMES_OF_NPM.includes(name));
  if (taken.length === 0) return;
  throw new CliError(
    `npm took ${flagsOf(taken)} for itself, since no -- stands before it. Nothing was sent. ${RIGHT_FORM}`,
    2,
  );
}

/** What is wrong with the usage, and what may be its cause: an option of a name that npm has, too. */
export function withNpmHint(problem: string, command: Command, env: Environment): string {
  const taken = takenOptions(command, env);
  if (taken.length === 0) return problem;
  const hint = `If you gave ${flagsOf(taken)}, npm took it for itself, since no -- stands before it. ${RIGHT_FORM}`;
  return `${problem.replace(/\.$/, "")}. ${hint}`;
}

const RIGHT_FORM = "Write: npm run keys -- <command> <options>";

const flagsOf = (names: readonly string[]) => names.map((name) => `--${name}`).join(", ");

function takenOptions(command: Command, env: Environment): readonly string[] {
  const names = optionsOf(command).map((option) => option.name());
  const taken = optionsTakenByNpm([...names, COMPLETED_TOKEN], env);
  return [...new Set(taken.map((name) => (name === COMPLETED_TOKEN ? "token" : name)))];
}

const optionsOf = (command: Command): readonly Option[] => [
  ...command.options,
  ...command.commands.flatMap(optionsOf),
];
