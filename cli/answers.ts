/** What the admin API answers, as far as it is shown to people. Fields that an older Postern does not have may be absent. */
import { z } from "zod";
import { Stop } from "./errors.ts";

const strings = z.array(z.string());
const Fields = z.object({ organization: strings.nullable(), member: strings.nullable() });

export const KeyRecord = z.object({
  key_id: z.string(),
  name: z.string(),
  status: z.string(),
  scopes: strings,
  organization_ids: strings.nullish(),
  fields: Fields.nullish(),
  rate_limit: z.object({ limit: z.number(), period_seconds: z.number() }).nullish(),
  allowed_ips: strings.nullish(),
  region: z.string().nullish(),
  expires_at: z.string().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  revoked_at: z.string().nullish(),
  generation: z.number().optional(),
  previous_generation_valid_until: z.string().nullish(),
});
export type KeyRecord = z.output<typeof KeyRecord>;

/** Of a creation or rotation. The rest of the record is read apart: whatever it is like, the key must not be lost. */
export const Issued = z.object({ key: z.string() });

/** Its records are read one by one, when they are shown. */
export const KeyPage = z.looseObject({ keys: z.array(z.unknown()), next_cursor: z.string().nullable() });

export const Usage = z.object({
  hours: z.array(z.object({ hour: z.string(), requests: z.number(), rate_limited: z.number() })),
});

export const AuditPage = z.object({
  events: z.array(
    z.object({ at: z.string(), action: z.string(), key_id: z.string().nullish(), detail: z.unknown() }),
  ),
  next_cursor: z.string().nullish(),
});

export const Purged = z.object({ purged: z.string() });

export function understand<Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join(".") ?? "";
  throw new Stop(
    `Postern answered in a form that this tool does not know${path === "" ? "" : ` (${path})`}. With --json it is shown as it came.`,
  );
}
