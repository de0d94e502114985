/** The part of the command tree that backs a deployment up and moves it, with its help texts. */
import type { Command } from "commander";
import type { AdminApi } from "./client.ts";
import { exportDeployment, importDeployment, type Progress } from "./commands/move.ts";
import type { CommandResult } from "./commands/read.ts";

/** How the commands are run, and what stands below their help. */
interface Runner {
  readonly run: (
    command: Command,
    operation: (api: AdminApi, progress: Progress) => Promise<CommandResult>,
  ) => Promise<void>;
  readonly examples: (...lines: readonly string[]) => string;
}

export function addMoveCommands(root: Command, { run, examples }: Runner): void {
  root
    .command("export")
    .description(
      "Write the records of all keys, the session policy and the audit to a file that only you can read. It holds no key.",
    )
    .option("--file <path>", "a new file (default: postern-export-<time>.jsonl in this folder)")
    .addHelpText("after", examples("export", "export --file postern-export-2026-11-30.jsonl"))
    .action(({ file }: { file?: string }, command: Command) =>
      run(command, (api, progress) => exportDeployment(api, file, progress)),
    );

  root
    .command("import")
    .description(
      "Take in the keys and the session policy of an export. Old keys work if KEY_SECRET is the same, or the old one is KEY_SECRET_PREVIOUS. It may be repeated; a key that was changed here since is kept.",
    )
    .requiredOption("--file <path>", "the file that export has written (required)")
    .addHelpText("after", examples("import --file postern-export-2026-11-30.jsonl"))
    .action(({ file }: { file: string }, command: Command) =>
      run(command, (api, progress) => importDeployment(api, file, progress)),
    );
}
