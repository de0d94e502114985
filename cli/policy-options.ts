/** The options that `create` and `edit` share. */
import { type Command, Option } from "commander";
import { also, alsoField, alsoRange, rateLimit, time } from "./options.ts";

/** What an operator decides about a key, at creation and later. */
export function decisions(command: Command, names: "required" | "optional"): Command {
  const mandatory = names === "required";
  return command
    .addOption(new Option("--name <name>", "for people").makeOptionMandatory(mandatory))
    .addOption(
      new Option(
        "--scope <scope>",
        "organizations:read, members:dangerously_get, members:include_deleted or cache:refresh; repeat for more",
      )
        .argParser(also)
        .makeOptionMandatory(mandatory),
    )
    .option("--organization <id>", "only this organization and its members; repeat for more", also)
    .option(
      "--field <path>",
      "only this field: organization.<path> or member.<path>; repeat for more",
      alsoField,
    )
    .option("--ip <range>", "only from this address or range; repeat for more", alsoRange)
    .option("--expires <time>", "such as 2027-01-01T00:00:00Z", time);
}

export const limitOption = () =>
  new Option("--limit <calls/seconds>", "such as 600/60, 10/s, 600/m, 1000/h, 5000/d").argParser(rateLimit);
