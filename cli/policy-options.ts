/** The options of `create` and `edit` that decide what a key may do, and the request bodies made from them. */
import { type Command, Option } from "commander";
import { LOCATION_HINTS } from "../src/config.ts";
import { CliError } from "./errors.ts";
import {
  collect,
  collectField,
  collectIpRange,
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
}

/** A `--no-…` option sets its property to false; without it, commander sets the property to true. */
export interface EditOptions extends Omit<CreateOptions, "limit" | "region"> {
  readonly limit?: RateLimit | false;
  readonly organizations?: boolean;
  readonly fields?: boolean;
  readonly ips?: boolean;
  readonly expiry?: boolean;
}

const SCOPES = "organizations:read, members:dangerously_get, members:include_deleted or cache:refresh";
const ORGANIZATION_ID = "its ID (organization-live-…), not its slug or external ID";

export function addCreateOptions(command: Command): Command {
  return addPolicyOptions(command, {
    required: " (required)",
    repeat: "repeat for more",
    repeatField: "repeat for more",
    byDefault: (text) => ` (default: ${text})`,
  }).addOption(
    new Option(
      "--region <hint>",
      `where most callers are: ${LOCATION_HINTS.join(", ")}; set once, it cannot be changed later (default: near you)`,
    ),
  );
}

export function addEditOptions(command: Command): Command {
  return addPolicyOptions(command, {
    required: "",
    repeat: "repeat for more; replaces the whole list",
    repeatField: "repeat for more; replaces the fields of that object",
    byDefault: () => "",
  })
    .option("--no-limit", "no rate limit")
    .addOption(new Option("--no-organizations", "all organizations").conflicts("organization"))
    .addOption(new Option("--no-fields", "all fields").conflicts("field"))
    .addOption(new Option("--no-ips", "any IP address").conflicts("ip"))
    .addOption(new Option("--no-expiry", "never expires").conflicts("expires"));
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
  const scope = new Option("--scope <scope>", `${SCOPES}; ${repeat}${required}`).argParser(collect);
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
      `only this field: organization.<path> or member.<path>; ${repeatField}${byDefault("all")}`,
      collectField,
    )
    .option(
      "--ip <range>",
      `only calls from this IP address or range; ${repeat}${byDefault("any")}`,
      collectIpRange,
    )
    .option(
      "--expires <time>",
      `when the key expires, such as 2027-01-01T00:00:00Z${byDefault("never")}`,
      parseTime,
    )
    .option(
      "--limit <calls/seconds>",
      `rate limit, such as 600/60, 10/s, 600/m, 1000/h or 5000/d${byDefault("none")}`,
      parseRateLimit,
    );
}

/** The `fields` of a key record; null allows every field of the object. */
export interface FieldLists {
  readonly organization: readonly string[] | null;
  readonly member: readonly string[] | null;
}

const ALL_FIELDS: FieldLists = { organization: null, member: null };

/** The body of `POST /admin/keys`. It leaves out what no option names, so that the server's defaults apply. */
export function createBody(options: CreateOptions): object {
  return withoutUndefined({
    name: options.name,
    scopes: options.scope,
    organization_ids: options.organization,
    fields: options.field && toFieldLists(options.field, ALL_FIELDS),
    rate_limit: options.limit,
    allowed_ips: options.ip,
    expires_at: options.expires,
    region: options.region,
  });
}

/**
 * The body of `PATCH /admin/keys/{key_id}`. It leaves out what no option names, so that this stays as it is.
 * `current` holds the key's fields before the edit; it matters only if `needsCurrentFields` is true.
 */
export function editBody(options: EditOptions, current: FieldLists | null): object {
  const body = withoutUndefined({
    name: options.name,
    scopes: options.scope,
    organization_ids: options.organizations === false ? null : options.organization,
    fields:
      options.fields === false ? null : options.field && toFieldLists(options.field, current ?? ALL_FIELDS),
    rate_limit: options.limit === false ? null : options.limit,
    allowed_ips: options.ips === false ? null : options.ip,
    expires_at: options.expiry === false ? null : options.expires,
  });
  if (Object.keys(body).length === 0) {
    throw new CliError("There is nothing to change: give an option, such as --name or --no-limit.", 2);
  }
  return body;
}

/**
 * True if the options name fields of only one of the two objects. The server replaces `fields` as a whole, so such an
 * edit must repeat the other object's list: otherwise narrowing the fields of organizations would open all fields of
 * members.
 */
export function needsCurrentFields({ field }: EditOptions): boolean {
  return field !== undefined && new Set(field.map((path) => path.split(".")[0])).size === 1;
}

function toFieldLists(paths: readonly string[], current: FieldLists): FieldLists {
  const listOf = (object: keyof FieldLists) => {
    const own = paths.filter((path) => path.startsWith(`${object}.`));
    return own.length === 0 ? current[object] : own.map((path) => path.slice(object.length + 1));
  };
  return { organization: listOf("organization"), member: listOf("member") };
}

function withoutUndefined(body: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
