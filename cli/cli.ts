/** The commands and their options, and how a run ends: a result on stdout, or one line on stderr. */
import { Argument, Command, CommanderError, Option } from "commander";
import type { CreateOptions, EditOptions } from "./bodies.ts";
import { type AdminApi, adminApi } from "./client.ts";
import * as commands from "./commands.ts";
import { connectionFrom, type Environment } from "./connection.ts";
import { type Confirm, revoke, rotate } from "./endings.ts";
import { errorLine, Stop } from "./errors.ts";
import { keyId, organizationName, wholeNumber } from "./options.ts";
import { decisions, limitOption } from "./policy-options.ts";

export interface Surroundings {
  readonly env: Environment;
  readonly localToken: () => string | null;
  readonly confirm: Confirm;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Does what the arguments say. Returns the exit code: 0, 1 where it failed, 2 where it was called wrongly. */
export async function main(args: readonly string[], surroundings: Surroundings): Promise<0 | 1 | 2> {
  try {
    await program(surroundings).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Called without a command, it has shown its help.
      if (error.code !== "commander.help") surroundings.err(errorLine(error.message));
      return 2;
    }
    surroundings.err(errorLine(error instanceof Error ? error.message : String(error)));
    return error instanceof Stop ? error.exitCode : 1;
  }
}

type Operation = (api: AdminApi) => Promise<commands.Result>;

function program({ env, localToken, confirm, out, err }: Surroundings): Command {
  const root = new Command("npm run keys --")
    .description("Issues, lists, edits, rotates and revokes the keys of a Postern, and purges its cache.")
    .option("--url <address>", "of Postern (or POSTERN_URL; without both, the one of npm start)")
    .option("--token <token>", "its ADMIN_TOKEN (better POSTERN_ADMIN_TOKEN: arguments are seen by others)")
    .option("--json", "the result as one JSON document (with npm run -s, as npm writes to stdout itself)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => out(text.trimEnd()),
      writeErr: (text) => err(text.trimEnd()),
      outputError: () => {},
    })
    .exitOverride();

  const run = async (command: Command, operation: Operation) => {
    const { json, ...given } = command.optsWithGlobals<{ url?: string; token?: string; json?: boolean }>();
    const { document, text, note } = await operation(adminApi(connectionFrom(given, env, localToken)));
    out(json ? JSON.stringify(document, null, 2) : text());
    if (note !== undefined && !json) err(note);
  };
  const onKey = (name: string, summary: string) =>
    root.command(name).description(summary).addArgument(new Argument("<key_id>", "the public ID of the key"));

  decisions(root.command("create").description("issues a key, and shows it this once"), "required")
    .addOption(new Option("--region <hint>", "where its callers are: weur, enam, …"))
    .addOption(limitOption())
    .action((options: CreateOptions, command: Command) =>
      run(command, (api) => commands.create(api, options)),
    );

  root
    .command("list")
    .description("the keys there are, newest first")
    .option("--limit <n>", "keys of a page (default 50)", wholeNumber)
    .option("--all", "all pages")
    .action((options: { limit?: number; all?: boolean }, command: Command) =>
      run(command, (api) => commands.list(api, options)),
    );

  onKey("show", "one key").action((id: string, _: object, command: Command) => {
    const key = keyId(id);
    return run(command, (api) => commands.show(api, key));
  });

  decisions(onKey("edit", "changes what is given; lists are replaced"), "optional")
    .addOption(limitOption())
    .option("--no-limit", "no rate limit")
    .addOption(new Option("--no-organizations", "all organizations").conflicts("organization"))
    .addOption(new Option("--no-fields", "all fields").conflicts("field"))
    .addOption(new Option("--no-ips", "any address").conflicts("ip"))
    .addOption(new Option("--no-expiry", "never expires").conflicts("expires"))
    .action((id: string, options: EditOptions, command: Command) => {
      const key = keyId(id);
      return run(command, (api) => commands.edit(api, key, options));
    });

  onKey("rotate", "issues the next key of this ID, and shows it this once")
    .option("--overlap <seconds>", "for which the old one works on; 0 ends it at once", wholeNumber, 86_400)
    .option("--yes", "do not ask")
    .action((id: string, options: { overlap: number; yes?: boolean }, command: Command) => {
      const key = keyId(id);
      return run(command, (api) => rotate(api, key, options, confirm));
    });

  onKey("revoke", "ends a key, for good")
    .option("--yes", "do not ask")
    .action((id: string, options: { yes?: boolean }, command: Command) => {
      const key = keyId(id);
      return run(command, (api) => revoke(api, key, options, confirm));
    });

  onKey("usage", "calls by the hour")
    .option("--hours <n>", "up to 720", wholeNumber, 24)
    .action((id: string, { hours }: { hours: number }, command: Command) => {
      const key = keyId(id);
      return run(command, (api) => commands.usage(api, key, hours));
    });

  root
    .command("purge")
    .description("ends what is cached of an organization, by its ID, slug or external ID")
    .argument("<organization>", "as Stytch has it, such as 'crm|1001'")
    .action((name: string, _: object, command: Command) => {
      const organization = organizationName(name);
      return run(command, (api) => commands.purge(api, organization));
    });

  root
    .command("audit")
    .description("what was done to keys and caches, newest first")
    .option("--limit <n>", "events", wholeNumber)
    .action(({ limit }: { limit?: number }, command: Command) =>
      run(command, (api) => commands.audit(api, limit)),
    );
  return root;
}
