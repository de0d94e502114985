/** The command tree with its help texts, and how a run ends: a result on stdout, or one error line on stderr. */
import { Argument, Command, CommanderError, Option } from "commander";
import { KEY_STATUSES } from "../src/keys/record.ts";
import { type AdminApi, createAdminApi } from "./client.ts";
import {
  type Confirm,
  create,
  edit,
  purge,
  purgeRbacPolicy,
  type RotateOptions,
  revoke,
  rotate,
} from "./commands/change.ts";
import type { Progress } from "./commands/move.ts";
import { audit, type CommandResult, type ListOptions, list, overview, show, usage } from "./commands/read.ts";
import { type Environment, resolveConnection } from "./connection.ts";
import { CliError, errorLine, jsonText } from "./errors.ts";
import { EXAMPLE_ID, examples, ROOT_HELP } from "./help.ts";
import { addMoveCommands } from "./move-commands.ts";
import { refuseOptionsOfNpm, withNpmHint } from "./npm-options.ts";
import {
  parseDuration,
  parseKeyId,
  parseOrganization,
  parsePastTime,
  parseSearch,
  parseUnusedDays,
  parseWholeNumber,
} from "./options.ts";
import {
  addCreateOptions,
  addEditOptions,
  type CreateOptions,
  type EditOptions,
  handoverOption,
} from "./policy-options.ts";
import { addSessionCommands } from "./session-commands.ts";

/** What a run reads and writes. `main.ts` passes the process's own. */
export interface CliIo {
  readonly env: Environment;
  readonly readLocalToken: () => string | null;
  readonly confirm: Confirm;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** Runs one command. Returns the exit code: 0 if it succeeded, 1 if it failed, 2 for wrong usage. */
export async function runCli(args: readonly string[], io: CliIo): Promise<0 | 1 | 2> {
  const program = createProgram(io);
  try {
    refuseOptionsOfNpm(program, io.env);
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const command = program.commands.find((one) => one.name() === args[0]) ?? program;
      // Without a command, commander has printed the help already.
      if (error.code !== "commander.help")
        io.writeErr(errorLine(withNpmHint(error.message, command, io.env)));
      return 2;
    }
    io.writeErr(errorLine(error instanceof Error ? error.message : String(error)));
    return error instanceof CliError ? error.exitCode : 1;
  }
}

function createProgram({ env, readLocalToken, confirm, writeOut, writeErr }: CliIo): Command {
  const root = new Command("npm run keys --")
    .description(
      "Manages the API keys of a Postern and members' sessions, and purges its cache, through its admin API.",
    )
    .option("--url <address>", "address of Postern (default: POSTERN_URL, or the one of npm start)")
    .option(
      "--token <token>",
      "its ADMIN_TOKEN (default: POSTERN_ADMIN_TOKEN, which is safer: other users can see arguments)",
    )
    .option(
      "--json",
      "print the result as one JSON document (use npm run -s, as npm prints lines of its own)",
    )
    .addHelpText("after", ROOT_HELP)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => writeOut(text.trimEnd()),
      writeErr: (text) => writeErr(text.trimEnd()),
      outputError: () => {},
    })
    .exitOverride();

  async function run(
    command: Command,
    operation: (api: AdminApi, progress: Progress) => Promise<CommandResult>,
  ): Promise<void> {
    const { json, ...options } = command.optsWithGlobals<{ url?: string; token?: string; json?: boolean }>();
    const api = createAdminApi(resolveConnection(options, env, readLocalToken));
    const progress = (line: string) => (json ? undefined : writeErr(line));
    const { document, text, note, warnings = [], failure } = await operation(api, progress);
    writeOut(json ? jsonText(document) : text());
    for (const warning of warnings) writeErr(`warning: ${warning}`);
    if (note !== undefined && !json) writeErr(note);
    if (failure !== undefined) throw new CliError(failure);
  }
  function addKeyCommand(name: string, description: string): Command {
    const keyId = new Argument("<key_id>", "the key's ID: the 16 characters after pst_test_ or pst_live_");
    return root.command(name).description(description).addArgument(keyId);
  }

  addCreateOptions(
    root.command("create").description("Issue a key. It is shown once and stored nowhere: save it."),
  )
    .addHelpText(
      "after",
      examples(
        'create --name "Acme partner" --scope organizations:read --limit 600/60',
        "create --name CRM --scope organizations:read --handover 1d",
        "create --name CRM --scope organizations:read,cache:refresh --expires 30d \\\n" +
          "    --organization organization-live-11111111-1111-4111-8111-111111111111",
        "create --name Directory --scope members:dangerously_get \\\n" +
          "    --field member.name --field member.email_address --ip 203.0.113.0/24",
      ),
    )
    .action((options: CreateOptions, command: Command) => run(command, (api) => create(api, options)));

  root
    .command("list")
    .description(
      "List the keys, newest first. Long names and scopes are cut: show and --json give all of a key.",
    )
    .option("--limit <n>", "keys per page, 1 to 200 (default: 50)", parseWholeNumber)
    .option("--all", "all pages")
    .option("--q <text>", "only keys whose name or ID contains the text, in any case", parseSearch)
    .addOption(new Option("--status <status>", "only keys of this status").choices(KEY_STATUSES))
    .option(
      "--unused-days <n>",
      "only keys without any call in so many days, 1 to 30, and issued before: of all pages, active ones unless --status is given; makes a call for each key",
      parseUnusedDays,
    )
    .option(
      "--issued-before <time>",
      "only keys that were made (at creation or by a rotation) before a date or time: those of an earlier KEY_SECRET, if it changed then",
      parsePastTime,
    )
    .addHelpText("after", examples("list --all", "list --q acme --status active", "list --unused-days 30"))
    .action((options: ListOptions, command: Command) => run(command, (api) => list(api, options)));

  addKeyCommand("show", "Show one key: what it may do, and its state.")
    .addHelpText("after", examples(`show ${EXAMPLE_ID}`))
    .action((id: string, _: object, command: Command) => {
      const keyId = parseKeyId(id);
      return run(command, (api) => show(api, keyId));
    });

  addEditOptions(addKeyCommand("edit", "Change what a key may do. What no option names stays as it is."))
    .addHelpText(
      "after",
      examples(
        `edit ${EXAMPLE_ID} --ip 203.0.113.0/24 --ip 2001:db8::/32`,
        `edit ${EXAMPLE_ID} --no-limit --expires 30d`,
        `edit ${EXAMPLE_ID} --add-scope cache:refresh --remove-ip 203.0.113.0/24`,
      ),
    )
    .action((id: string, options: EditOptions, command: Command) => {
      const keyId = parseKeyId(id);
      return run(command, (api) => edit(api, keyId, options));
    });

  addKeyCommand("rotate", "Replace a key by a new one with the same ID. The new key is shown once: save it.")
    .option(
      "--overlap <time>",
      "how long the old key goes on working, in seconds or such as 24h, up to 30d; 0, as in the API, ends it at once",
      parseDuration,
      0,
    )
    .addOption(handoverOption())
    .option("--yes", "do not ask for confirmation (only an overlap of 0 asks)")
    .addHelpText("after", examples(`rotate ${EXAMPLE_ID} --overlap 24h`, `rotate ${EXAMPLE_ID} --yes`))
    .action((id: string, options: RotateOptions, command: Command) => {
      const keyId = parseKeyId(id);
      return run(command, (api) => rotate(api, keyId, options, confirm));
    });

  addKeyCommand("revoke", "End a key for good. Asks for confirmation.")
    .option("--yes", "do not ask for confirmation (required if there is no terminal)")
    .addHelpText("after", examples(`revoke ${EXAMPLE_ID}`, `revoke ${EXAMPLE_ID} --yes`))
    .action((id: string, options: { yes?: boolean }, command: Command) => {
      const keyId = parseKeyId(id);
      return run(command, (api) => revoke(api, keyId, options, confirm));
    });

  addKeyCommand("usage", "Show how many calls a key made, hour by hour, and what came of them.")
    .option("--hours <n>", "how many hours back, 1 to 720", parseWholeNumber, 24)
    .addHelpText("after", examples(`usage ${EXAMPLE_ID} --hours 48`))
    .action((id: string, { hours }: { hours: number }, command: Command) => {
      const keyId = parseKeyId(id);
      return run(command, (api) => usage(api, keyId, hours));
    });

  root
    .command("overview")
    .description(
      "Show how the deployment is doing: health, hit ratio, Stytch, cost, hours and the busiest keys.",
    )
    .option("--hours <n>", "how many hours back, 1 to 720", parseWholeNumber, 24)
    .addHelpText("after", examples("overview", "overview --hours 168"))
    .action(({ hours }: { hours: number }, command: Command) => run(command, (api) => overview(api, hours)));

  root
    .command("purge")
    .description(
      "End what is cached of an organization and of what belongs to it, or the project's RBAC policy. By ID, it is certain.",
    )
    .argument("[organization]", "its ID, slug or external ID; quote what the shell would interpret")
    .option("--rbac-policy", "end the RBAC policy of the project instead")
    .addHelpText(
      "after",
      examples(
        "purge organization-live-11111111-1111-4111-8111-111111111111",
        "purge 'crm|1001'",
        "purge --rbac-policy",
      ),
    )
    .action((name: string | undefined, { rbacPolicy }: { rbacPolicy?: true }, command: Command) => {
      if ((name === undefined) !== (rbacPolicy === true)) {
        throw new CliError("Give an organization, or --rbac-policy.", 2);
      }
      if (name === undefined) return run(command, purgeRbacPolicy);
      const organization = parseOrganization(name);
      return run(command, (api) => purge(api, organization));
    });

  addSessionCommands(root, { run, examples, confirm });
  addMoveCommands(root, { run, examples });

  root
    .command("audit")
    .description("Show what was done to keys, sessions and the cache, newest first.")
    .option("--limit <n>", "number of events, 1 to 200 (default: 50)", parseWholeNumber)
    .addHelpText("after", examples("audit --limit 10"))
    .action(({ limit }: { limit?: number }, command: Command) => run(command, (api) => audit(api, limit)));

  return root;
}
