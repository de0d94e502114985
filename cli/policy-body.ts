/** The bodies of the admin API that `create`, `edit` and those of `sessions` send. */
import { formatFieldPath, parseFieldPath } from "../src/keys/field-path.ts";
import { normalizeStoredRange } from "../src/platform/ip.ts";
import type { KeyRecord } from "./client.ts";
import { CliError } from "./errors.ts";
import type { CreateOptions, EditOptions } from "./policy-options.ts";

type List = readonly string[] | null;

/** The `fields` of a key record; null allows every field of the object. */
interface FieldLists {
  readonly organization: List;
  readonly member: List;
}

const ALL_FIELDS: FieldLists = { organization: null, member: null };

/** The body of `POST /admin/keys`. It leaves out what no option names, so that the server's defaults apply. */
export function createBody(options: CreateOptions): object {
  return withoutUndefined({
    name: options.name,
    scopes: options.scope,
    organization_ids: options.organization,
    fields: options.field && fieldsBody({ field: options.field }, ALL_FIELDS),
    rate_limit: options.limit,
    allowed_ips: options.ip,
    expires_at: options.expires,
    region: options.region,
    handover_seconds: options.handover,
  });
}

export interface SessionPolicyOptions extends Pick<CreateOptions, "scope" | "field" | "limit"> {
  /** Seconds. */
  readonly maxAge?: number;
  readonly allowImpersonation?: true;
}

/** The body of `PUT /admin/session-policy`. It leaves out what no option names, so that the server's defaults apply. */
export function sessionPolicyBody({ maxAge, allowImpersonation, ...options }: SessionPolicyOptions): object {
  return withoutUndefined({
    ...createBody(options),
    max_age_seconds: maxAge,
    allow_impersonation: allowImpersonation,
  });
}

export interface RevocationOptions {
  readonly session?: string;
  readonly member?: string;
  readonly organization?: string;
}

/** The body of `POST /admin/sessions/revoke`. Throws a `CliError` unless there is exactly one option. */
export function revocationBody({ session, member, organization }: RevocationOptions): object {
  const body = withoutUndefined({
    member_session_id: session,
    member_id: member,
    organization_id: organization,
  });
  if (Object.keys(body).length === 1) return body;
  throw new CliError("Give exactly one of --session, --member and --organization.", 2);
}

/** Throws a `CliError` if the options change nothing, which is wrong usage. */
export function requireChange(options: EditOptions): void {
  if (Object.values(options).some((value) => value !== undefined && value !== true)) return;
  throw new CliError("There is nothing to change: give an option, such as --name or --no-limit.", 2);
}

/**
 * The body of `PATCH /admin/keys/{key_id}`. It leaves out what no option names, so that this stays as it is. The server
 * replaces lists, and `fields` as a whole, so what an option keeps of them comes from the record as it is now.
 */
export function editBody(options: EditOptions, current: KeyRecord): object {
  const { addScope, removeScope, addOrganization, removeOrganization, addIp, removeIp } = options;
  return withoutUndefined({
    name: options.name,
    scopes: options.scope ?? changedList("scope", current.scopes, addScope, removeScope),
    organization_ids:
      options.organizations === false
        ? null
        : (options.organization ??
          changedList("organization", current.organization_ids ?? null, addOrganization, removeOrganization)),
    fields: options.fields === false ? null : fieldsBody(options, current.fields ?? ALL_FIELDS),
    rate_limit: options.limit === false ? null : options.limit,
    allowed_ips:
      options.ips === false
        ? null
        : (options.ip ??
          changedList("ip", current.allowed_ips ?? null, addIp, removeIp, normalizeStoredRange)),
    expires_at: options.expiry === false ? null : options.expires,
  });
}

type FieldOptions = Pick<EditOptions, "field" | "addField" | "removeField">;

/**
 * Undefined if no option names a field. An object that none names keeps its list: otherwise narrowing the fields of
 * organizations would open all fields of members.
 */
function fieldsBody(options: FieldOptions, current: FieldLists): FieldLists | undefined {
  const listOf = (object: keyof FieldLists) => {
    const pathsOf = (paths: readonly string[] | undefined) => {
      const own = paths?.filter((path) => path.startsWith(`${object}.`)) ?? [];
      return own.length === 0 ? undefined : own.map((path) => path.slice(object.length + 1));
    };
    const [whole, added, removed] = [options.field, options.addField, options.removeField].map(pathsOf);
    return whole ?? changedList("field", current[object], added, removed, normalizePath);
  };
  const [organization, member] = [listOf("organization"), listOf("member")];
  if (organization === undefined && member === undefined) return undefined;
  return { organization: organization ?? current.organization, member: member ?? current.member };
}

function normalizePath(path: string): string {
  const names = parseFieldPath(path);
  return names === null ? path : formatFieldPath(names);
}

/**
 * `normalize` returns the normal form of an item: a record may have an old spelling of what an option names.
 * Undefined if nothing is added or removed. Throws a `CliError` if the result would surprise: a first item would take
 * away all others, and without a last one the key would be unbound, or of no use.
 */
function changedList(
  option: string,
  stored: List,
  toAdd: readonly string[] = [],
  toRemove: readonly string[] = [],
  normalize = (item: string) => item,
): readonly string[] | undefined {
  if (toAdd.length + toRemove.length === 0) return undefined;
  if (stored === null) {
    throw new CliError(
      `The key has no list for --${option}, so it is allowed all: give --${option} to bind it.`,
    );
  }
  const [current, added, removed] = [stored.map(normalize), toAdd.map(normalize), toRemove.map(normalize)];
  const missing = removed.find((item) => !current.includes(item));
  if (missing !== undefined) {
    throw new CliError(
      `--remove-${option} ${missing}: the key does not have it. The show command shows what it has.`,
    );
  }
  const kept = current.filter((item) => !removed.includes(item));
  const list = [...kept, ...added.filter((item) => !kept.includes(item))];
  if (list.length > 0) return list;
  throw new CliError(
    `--remove-${option} would leave the list empty: revoke the key, or give --${option} with what it may have instead.`,
  );
}

function withoutUndefined(body: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
