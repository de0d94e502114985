/** The options of a command, and its usage text. Needs no package. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options; args: string[] }>
>["values"];

interface CommandLine<Options extends ParseArgsOptionsConfig> {
  /** How the command is called, what it does, how long it takes, and its options. */
  readonly usage: string;
  readonly options: Options;
  /** Returns what is wrong with the values; null if nothing is. */
  readonly check?: (values: Values<Options>) => string | null;
}

type Parsed<Options extends ParseArgsOptionsConfig> =
  | { readonly kind: "run"; readonly values: Values<Options> }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly problem: string };

export function parseOptions<Options extends ParseArgsOptionsConfig>(
  { options, check }: CommandLine<Options>,
  args: readonly string[],
): Parsed<Options> {
  if (args.includes("--help") || args.includes("-h")) return { kind: "help" };
  try {
    const { values } = parseArgs<{ options: Options; args: string[] }>({ options, args: [...args] });
    const problem = check?.(values) ?? null;
    return problem === null ? { kind: "run", values } : { kind: "invalid", problem };
  } catch (error) {
    return { kind: "invalid", problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Returns the options that the process was called with. Otherwise it prints the usage and exits: with 0 if that was asked
 * for, with 2 if the options are wrong.
 */
export function readOptions<Options extends ParseArgsOptionsConfig>(
  command: CommandLine<Options>,
): Values<Options> {
  const parsed = parseOptions(command, process.argv.slice(2));
  if (parsed.kind === "run") return parsed.values;
  if (parsed.kind === "help") console.log(command.usage);
  else console.error(`error: ${parsed.problem}\n\n${command.usage}`);
  return process.exit(parsed.kind === "help" ? 0 : 2);
}

/** Checks an option in seconds, or another that is more than zero. */
export const checkPositive = (name: string, text: string): string | null =>
  Number(text) > 0 && Number.isFinite(Number(text)) ? null : `--${name} must be a number above 0.`;
