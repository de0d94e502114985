/** The bodies of `POST /admin/keys` and `PATCH /admin/keys/{key_id}`, from the options of `create` and `edit`. */

import { Stop } from "./errors.ts";
import type { RateLimit } from "./options.ts";

export interface CreateOptions {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly organization?: readonly string[];
  /** `organization.<path>` or `member.<path>`. */
  readonly field?: readonly string[];
  readonly limit?: RateLimit;
  readonly ip?: readonly string[];
  readonly region?: string;
  readonly expires?: string;
}

/** False where a restriction is to be lifted; the parser sets the others to true by itself. */
export interface EditOptions extends Omit<CreateOptions, "limit" | "region"> {
  readonly limit?: RateLimit | false;
  readonly organizations?: boolean;
  readonly fields?: boolean;
  readonly ips?: boolean;
  readonly expiry?: boolean;
}

/** Null: every field of the object. */
export interface Fields {
  readonly organization: readonly string[] | null;
  readonly member: readonly string[] | null;
}

const UNRESTRICTED: Fields = { organization: null, member: null };

/** What no option names is left out: its default is the server's. */
export function creationBody(options: CreateOptions): object {
  return given({
    name: options.name,
    scopes: options.scope,
    organization_ids: options.organization,
    fields: options.field && fieldsFrom(options.field, UNRESTRICTED),
    rate_limit: options.limit,
    allowed_ips: options.ip,
    expires_at: options.expires,
    region: options.region,
  });
}

/** What no option names stays as it is. `before`: the key's fields now, where `dependsOnFields`. */
export function editBody(options: EditOptions, before: Fields | null): object {
  const body = given({
    name: options.name,
    scopes: options.scope,
    organization_ids: options.organizations === false ? null : options.organization,
    fields:
      options.fields === false ? null : options.field && fieldsFrom(options.field, before ?? UNRESTRICTED),
    rate_limit: options.limit === false ? null : options.limit,
    allowed_ips: options.ips === false ? null : options.ip,
    expires_at: options.expiry === false ? null : options.expires,
  });
  if (Object.keys(body).length === 0) {
    throw new Stop("Nothing to change: give an option, such as --name or --no-limit.", 2);
  }
  return body;
}

/**
 * The server takes `fields` as a whole, so an edit that names those of one object must repeat those of the other: else a key that
 * sees little of members would see all of them after an edit of what it sees of organizations.
 */
export function dependsOnFields({ field }: EditOptions): boolean {
  return field !== undefined && new Set(field.map((path) => path.split(".")[0])).size === 1;
}

function fieldsFrom(paths: readonly string[], before: Fields): Fields {
  const of = (object: keyof Fields) => {
    const own = paths.filter((path) => path.startsWith(`${object}.`));
    return own.length === 0 ? before[object] : own.map((path) => path.slice(object.length + 1));
  };
  return { organization: of("organization"), member: of("member") };
}

function given(body: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
