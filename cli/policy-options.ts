/** The options of `create` and `edit` that decide what a key may do. */
import { type Command, Option } from "commander";
import { LOCATION_HINTS } from "../src/config.ts";
import { SCOPES } from "../src/keys/record.ts";
import {
  collect,
  collectField,
  collectIpRange,
  parseDuration,
  parseRateLimit,
  parseTime,
  type RateLimit,
} from "./options.ts";

export interface CreateOptions {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly organization?: readonly string[];
  /** Each is `organization.<path>` or `member.<path>`. */
  readonly field?: readonly string[];
  readonly limit?: RateLimit;
  readonly ip?: readonly string[];
  readonly region?: string;
  readonly expires?: string;
  /** Seconds. */
  readonly handover?: number;
}

/** A `--no-…` option sets its property to false; without it, commander sets the property to true. */
export interface EditOptions extends Omit<CreateOptions, "limit" | "region" | "handover"> {
  readonly limit?: RateLimit | false;
  readonly organizations?: boolean;
  readonly fields?: boolean;
  readonly ips?: boolean;
  readonly expiry?: boolean;
  readonly addScope?: readonly string[];
  readonly removeScope?: readonly string[];
  readonly addOrganization?: readonly string[];
  readonly removeOrganization?: readonly string[];
  readonly addField?: readonly string[];
  readonly removeField?: readonly string[];
  readonly addIp?: readonly string[];
  readonly removeIp?: readonly string[];
}

const SCOPE_LIST = SCOPES.join(", ");
const ORGANIZATION_ID = "its ID (organization-live-…), not its slug or external ID";

/** For the commands that issue a key. */
export const handoverOption = () =>
  new Option(
    "--handover <time>",
    "print a link that shows the key once, in place of the key; it works for so long: 60 s to 7d, such as 1d",
  ).argParser(parseDuration);

export function addCreateOptions(command: Command): Command {
  return addPolicyOptions(command, {
    required: " (required)",
    repeat: "repeat for more, or use commas",
    repeatField: "repeat for more",
    byDefault: (text) => ` (default: ${text})`,
  })
    .addOption(
      new Option(
        "--region <hint>",
        `where most callers are: ${LOCATION_HINTS.join(", ")}; set once, it cannot be changed later (default: near you)`,
      ),
    )
    .addOption(handoverOption());
}

export function addEditOptions(command: Command): Command {
  addPolicyOptions(command, {
    required: "",
    repeat: "repeat for more, or use commas; replaces the whole list",
    repeatField: "repeat for more; replaces the fields of that object",
    byDefault: () => "",
  })
    .option("--no-limit", "no rate limit")
    .addOption(liftOption("--no-organizations", "all organizations", "organization"))
    .addOption(liftOption("--no-fields", "all fields", "field"))
    .addOption(liftOption("--no-ips", "any IP address", "ip"))
    .addOption(new Option("--no-expiry", "never expires").conflicts("expires"));
  addListOptions(command, "scope", "<scope>", collect);
  addListOptions(command, "organization", "<id>", collect);
  addListOptions(command, "field", "<path>", collectField);
  return addListOptions(command, "ip", "<range>", collectIpRange);
}

const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

const liftOption = (flag: string, description: string, list: string) =>
  new Option(flag, description).conflicts([list, `add${capitalized(list)}`, `remove${capitalized(list)}`]);

/** `--add-…` and `--remove-…`, which keep the rest of the list. */
function addListOptions(command: Command, list: string, value: string, parser: typeof collect): Command {
  const option = (verb: "add" | "remove", description: string) =>
    new Option(`--${verb}-${list} ${value}`, description).argParser(parser).conflicts(list);
  return command
    .addOption(option("add", `allow this too, besides what --${list} has allowed`))
    .addOption(option("remove", `no longer allow this, and keep the rest`));
}

/** In what the help texts of the two commands differ. */
interface Wording {
  /** The mark of required options; empty if none is required. */
  readonly required: string;
  readonly repeat: string;
  readonly repeatField: string;
  /** The mark of a default; empty if an option that is not given changes nothing. */
  readonly byDefault: (value: string) => string;
}

function addPolicyOptions(command: Command, { required, repeat, repeatField, byDefault }: Wording): Command {
  const name = new Option("--name <name>", `a name for people to recognize the key by${required}`);
  const scope = new Option("--scope <scope>", `one of ${SCOPE_LIST}; ${repeat}${required}`).argParser(
    collect,
  );
  const isRequired = required !== "";
  return command
    .addOption(name.makeOptionMandatory(isRequired))
    .addOption(scope.makeOptionMandatory(isRequired))
    .option(
      "--organization <id>",
      `only this organization and its members: ${ORGANIZATION_ID}; ${repeat}${byDefault("all")}`,
      collect,
    )
    .option(
      "--field <path>",
      `only this field: organization.<path> or member.<path>, with quotes around a name with a dot; ${repeatField}${byDefault("all")}`,
      collectField,
    )
    .option(
      "--ip <range>",
      `only calls from this IP address or range; ${repeat}${byDefault("any")}`,
      collectIpRange,
    )
    .option(
      "--expires <time>",
      `when the key expires: 2027-01-01T00:00:00Z, 2027-01-01 (its start in UTC), or 30d from now${byDefault("never")}`,
      parseTime,
    )
    .option(
      "--limit <calls/seconds>",
      `rate limit, such as 600/60, 10/s, 600/m, 1000/h or 5000/d${byDefault("none")}`,
      parseRateLimit,
    );
}
