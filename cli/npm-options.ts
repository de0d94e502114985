/** Refuses a command whose options npm took for itself, instead of running it without them. */
import type { Command, Option } from "commander";
import { optionsTakenByNpm } from "../dev/options-of-npm.ts";
import type { Environment } from "./connection.ts";
import { CliError } from "./errors.ts";

/**
 * npm has options of these names, so they may be set for npm itself, in a `.npmrc` or the environment. It completes
 * `--token` to one of its own.
 */
const NAMES_OF_NPM = ["all", "expires", "json", "name", "scope", "token", "yes"];

/** Returns the program. Throws if npm took any option of any of its commands. */
export function withoutOptionsOfNpm(program: Command, env: Environment): Command {
  const taken = takenOptions(program, env).filter((name) => !NAMES_OF_NPM.includes(name));
  if (taken.length === 0) return program;
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

const takenOptions = (command: Command, env: Environment) =>
  optionsTakenByNpm([...new Set(optionsOf(command).map((option) => option.name()))], env);

const optionsOf = (command: Command): readonly Option[] => [
  ...command.options,
  ...command.commands.flatMap(optionsOf),
];
