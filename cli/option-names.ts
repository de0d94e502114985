/** Says which option an error of the admin API is about: the API names the fields of its bodies. */

const OPTIONS: Readonly<Record<string, string>> = {
  name: "--name",
  scopes: "--scope",
  organization_ids: "--organization",
  fields: "--field",
  rate_limit: "--limit",
  allowed_ips: "--ip",
  expires_at: "--expires",
  region: "--region",
  overlap_seconds: "--overlap",
  handover_seconds: "--handover",
  max_age_seconds: "--max-age",
  member_session_id: "--session",
  member_id: "--member",
  organization_id: "--organization",
  limit: "--limit",
  hours: "--hours",
};

/**
 * `scopes.1: must be …` becomes `--scope organization:read: must be …` with the value of that place in the body. Any
 * other message is returned as it is.
 */
export function nameOptions(message: string, body: object | undefined): string {
  const [prefix = "", path = ""] = /^([\w.]+): /.exec(message) ?? [];
  const names = path.split(".");
  const option = Object.hasOwn(OPTIONS, names[0] ?? "") ? OPTIONS[names[0] ?? ""] : undefined;
  if (option === undefined) return message;
  const value = names.reduce<unknown>(
    (part, name) => (typeof part === "object" && part !== null ? Reflect.get(part, name) : undefined),
    body,
  );
  // A field is written with its object in front: `fields.member.0` is an item of `--field member.…`.
  const object = names[0] === "fields" && names[1] !== undefined ? `${names[1]}.` : "";
  const shown = typeof value === "string" && names.length > 1 ? ` ${object}${value}` : "";
  return `${option}${shown}: ${message.slice(prefix.length)}`;
}
