/** The part of the command tree for members' sessions, with its help texts. */
import { type Command, Option } from "commander";
import { SESSION_SCOPES } from "../src/sessions/session-policy.ts";
import type { AdminApi } from "./client.ts";
import type { Confirm } from "./commands/change.ts";
import type { CommandResult } from "./commands/read.ts";
import {
  removeSessionPolicy,
  revokeSessions,
  sessionUsage,
  setSessionPolicy,
  showSessionPolicy,
} from "./commands/sessions.ts";
import {
  collect,
  collectField,
  parseDuration,
  parseRateLimit,
  parseSessionName,
  parseWholeNumber,
} from "./options.ts";
import { type RevocationOptions, revocationBody, type SessionPolicyOptions } from "./policy-body.ts";

/** How the commands are run, and what stands below their help. */
interface Runner {
  readonly run: (command: Command, operation: (api: AdminApi) => Promise<CommandResult>) => Promise<void>;
  readonly examples: (...lines: readonly string[]) => string;
  readonly confirm: Confirm;
}

export function addSessionCommands(root: Command, runner: Runner): void {
  const { run, examples } = runner;
  const sessions = root
    .command("sessions")
    .description("Manage what members' sessions (Stytch's session JWTs) may read, and revoke them.");
  addPolicyCommands(
    sessions
      .command("policy")
      .description("Set, show or remove the session policy. Without one, every session is refused."),
    runner,
  );

  sessions
    .command("revoke")
    .description(
      "Refuse the session JWTs of a session, a member or an organization that were issued up to now. Give one of them.",
    )
    .option("--session <id>", "the ID of a session (member_session_id)", parseSessionName)
    .option("--member <id>", "the ID of a member (member-…)", parseSessionName)
    .option(
      "--organization <id>",
      "the ID of an organization (organization-…), not its slug or external ID",
      parseSessionName,
    )
    .addHelpText(
      "after",
      examples(
        "sessions revoke --member member-live-11111111-1111-4111-8111-111111111111",
        "sessions revoke --organization organization-live-11111111-1111-4111-8111-111111111111",
      ),
    )
    .action((options: RevocationOptions, command: Command) => {
      const body = revocationBody(options);
      return run(command, (api) => revokeSessions(api, body));
    });
}

function addPolicyCommands(policy: Command, { run, examples, confirm }: Runner): void {
  policy
    .command("set")
    .description("Set the session policy. It replaces the one before as a whole.")
    .addOption(
      new Option(
        "--scope <scope>",
        `one of ${SESSION_SCOPES.join(", ")}; repeat for both, or use a comma (required)`,
      )
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option(
      "--field <path>",
      "only this field: organization.<path> or member.<path>, with quotes around a name with a dot; repeat for more (default: all)",
      collectField,
    )
    .option(
      "--limit <calls/seconds>",
      "rate limit of each member, such as 60/60, 10/s or 600/m; each isolate counts for itself, so it is not exact (default: none)",
      parseRateLimit,
    )
    .option(
      "--max-age <time>",
      "how old a session JWT may be, in seconds or such as 5m: 60 s to 1h (default: 300)",
      parseDuration,
    )
    .option("--allow-impersonation", "accept sessions in which somebody else acts as the member")
    .addHelpText(
      "after",
      examples(
        "sessions policy set --scope organizations:read",
        "sessions policy set --scope organizations:read,members:read --max-age 2m --limit 60/m \\\n" +
          "    --field organization.organization_name --field member.name",
      ),
    )
    .action((options: SessionPolicyOptions, command: Command) =>
      run(command, (api) => setSessionPolicy(api, options)),
    );

  policy
    .command("show")
    .description("Show the session policy.")
    .addHelpText("after", examples("sessions policy show"))
    .action((_: object, command: Command) => run(command, showSessionPolicy));

  policy
    .command("remove")
    .description("Remove the session policy, so that every session is refused. Asks for confirmation.")
    .option("--yes", "do not ask for confirmation (required if there is no terminal)")
    .addHelpText("after", examples("sessions policy remove"))
    .action((options: { yes?: boolean }, command: Command) =>
      run(command, (api) => removeSessionPolicy(api, options, confirm)),
    );

  policy
    .command("usage")
    .description("Show how many calls all sessions made, hour by hour.")
    .option("--hours <n>", "how many hours back, 1 to 720", parseWholeNumber, 24)
    .addHelpText("after", examples("sessions policy usage --hours 48"))
    .action(({ hours }: { hours: number }, command: Command) =>
      run(command, (api) => sessionUsage(api, hours)),
    );
}
