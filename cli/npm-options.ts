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
  const names = new Set(optionsOf(program).map((option) => option.name()));
  const taken = optionsTakenByNpm([...names], env).filter((name) => !NAMES_OF_NPM.includes(name));
  if (taken.length === 0) return program;
  const flags = taken.map((name) => `--${name}`).join(", ");
  throw new CliError(
    `npm took ${flags} for itself, since no -- stands before it. Nothing was sent. Write: npm run keys -- <command> <options>`,
    2,
  );
}

const optionsOf = (command: Command): readonly Option[] => [
  ...command.options,
  ...command.commands.flatMap(optionsOf),
];
