/** The answers of the admin API that the console shows, by the types of the code that makes them. */
import type { SCOPES, toPublicRecord } from "../src/keys/record.ts";
import type { toPublicHours } from "../src/keys/usage.ts";

export type { Overview, TopKey } from "../src/metrics/overview-answer.ts";
export type { SessionPolicy } from "../src/sessions/session-policy.ts";

export type KeyRecord = ReturnType<typeof toPublicRecord>;
export type Scope = (typeof SCOPES)[number];
export type UsageHour = ReturnType<typeof toPublicHours>[number];

/** A key is shown once; `handover_url` is in its place if a link was asked for. */
export interface IssuedKey extends KeyRecord {
  readonly key?: string;
  readonly handover_url?: string;
}

export interface KeyPage {
  readonly keys: readonly KeyRecord[];
  readonly next_cursor: string | null;
}

export interface KeyUsage {
  readonly key_id: string;
  readonly hours: readonly UsageHour[];
}

export interface AuditEvent {
  readonly at: string;
  readonly action: string;
  /** `token`, `webhook`, `handover`, or an e-mail address. */
  readonly actor: string;
  readonly key_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly next_cursor: string | null;
}

/** Who is signed in. `actor`: null if nobody is. */
export interface Operator {
  readonly actor: string | null;
  /** The end of the sign-in; null if it is not by the console's cookie. */
  readonly expires_at: string | null;
}
