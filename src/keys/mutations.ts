/**
 * The changes of a key's record. Each is a pure function from the old record to the new one. `now`: ms since the epoch.
 */

import type * as z from "zod";
import { KeyCreation, type KeyEdit } from "./policy.ts";
import type { KeyRecord } from "./record.ts";

const FIRST_GENERATION = 1;

/** Ended generations are dropped from the record; this bounds those that still work, however often a key is rotated. */
export const MAX_PREVIOUS_GENERATIONS = 20;

const toIsoTime = (ms: number) => new Date(ms).toISOString();

export function createRecord(
  projectId: string,
  keyId: string,
  body: z.output<typeof KeyCreation>,
  now: number,
): KeyRecord {
  return {
    ...body,
    key_id: keyId,
    project_id: projectId,
    created_at: toIsoTime(now),
    updated_at: toIsoTime(now),
    revoked_at: null,
    generation: FIRST_GENERATION,
    issued_at: toIsoTime(now),
    previous: [],
    version: 1,
  };
}

const POLICY_FIELDS = Object.keys(KeyCreation.shape) as (keyof z.output<typeof KeyCreation>)[];

/**
 * What the operator decided about the key, for the audit: name, scopes, and each restriction that is not null. The
 * schema bounds each list, and so the event.
 */
export function policyDetailOf(record: KeyRecord) {
  const given = POLICY_FIELDS.flatMap((field) => {
    const value = record[field];
    return value === null ? [] : [[field, value] as const];
  });
  return Object.fromEntries(given);
}

export interface KeyChanges {
  readonly before: KeyEdit;
  readonly after: KeyEdit;
}

/** Returns the fields that the edit changes, as they were and as they will be; null if it changes nothing. */
export function changesOf(record: KeyRecord, edit: KeyEdit): KeyChanges | null {
  const changed = (Object.keys(edit) as (keyof KeyEdit)[]).filter(
    (field) => JSON.stringify(record[field]) !== JSON.stringify(edit[field]),
  );
  if (changed.length === 0) return null;
  const pick = (values: KeyEdit) => Object.fromEntries(changed.map((field) => [field, values[field]]));
  return { before: pick(record), after: pick(edit) };
}

export function editRecord(record: KeyRecord, edit: KeyEdit, now: number): KeyRecord {
  // The type of an edit allows undefined, but its value comes from JSON: a field that is not edited is absent.
  const edited = { ...record, ...edit } as KeyRecord;
  return { ...edited, updated_at: toIsoTime(now), version: record.version + 1 };
}

/**
 * Starts a new generation. The current one works for `overlapSeconds` more, and no older one works longer than that: an
 * operator who ends the current key at once ends all of them. Returns null if too many generations would overlap, since
 * none may end before its time.
 */
export function rotateRecord(record: KeyRecord, overlapSeconds: number, now: number): KeyRecord | null {
  const overlapEnd = now + overlapSeconds * 1_000;
  const previous = [...record.previous, { generation: record.generation, valid_until: toIsoTime(overlapEnd) }]
    .map((earlier) => ({
      ...earlier,
      valid_until: toIsoTime(Math.min(Date.parse(earlier.valid_until), overlapEnd)),
    }))
    .filter((earlier) => Date.parse(earlier.valid_until) > now);
  if (previous.length > MAX_PREVIOUS_GENERATIONS) return null;
  return {
    ...record,
    generation: record.generation + 1,
    issued_at: toIsoTime(now),
    previous,
    updated_at: toIsoTime(now),
    version: record.version + 1,
  };
}

export function revokeRecord(record: KeyRecord, now: number): KeyRecord {
  return { ...record, revoked_at: toIsoTime(now), updated_at: toIsoTime(now), version: record.version + 1 };
}
