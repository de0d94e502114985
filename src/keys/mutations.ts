/** What changes a key's record: each is a pure function from the record before to the one after. `now`: ms since the epoch. */

import type * as z from "zod";
import type { KeyCreation, KeyEdit, KeyRecord } from "./record.ts";

/** Of a key that has not been rotated. */
const FIRST_GENERATION = 1;

/** A generation that ended is forgotten; this bounds those that have not, however often a key is rotated. */
const MAX_PREVIOUS_GENERATIONS = 20;

const toIsoTime = (ms: number) => new Date(ms).toISOString();

export function createRecord(keyId: string, body: z.output<typeof KeyCreation>, now: number): KeyRecord {
  return {
    ...body,
    key_id: keyId,
    created_at: toIsoTime(now),
    updated_at: toIsoTime(now),
    revoked_at: null,
    generation: FIRST_GENERATION,
    previous: [],
    version: 1,
  };
}

export function editRecord(record: KeyRecord, edit: KeyEdit, now: number): KeyRecord {
  // What an edit does not name is absent: it comes from JSON, which has no undefined.
  const decided = { ...record, ...edit } as KeyRecord;
  return { ...decided, updated_at: toIsoTime(now), version: record.version + 1 };
}

/**
 * A new generation. The one before works for `overlapSeconds` more, and older ones no longer than that: who ends the key in use at
 * once ends them all. Null where too many would overlap: none is ended before its time.
 */
export function rotateRecord(record: KeyRecord, overlapSeconds: number, now: number): KeyRecord | null {
  const end = now + overlapSeconds * 1_000;
  const previous = [...record.previous, { generation: record.generation, valid_until: toIsoTime(end) }]
    .map((one) => ({ ...one, valid_until: toIsoTime(Math.min(Date.parse(one.valid_until), end)) }))
    .filter((one) => Date.parse(one.valid_until) > now);
  if (previous.length > MAX_PREVIOUS_GENERATIONS) return null;
  return {
    ...record,
    generation: record.generation + 1,
    previous,
    updated_at: toIsoTime(now),
    version: record.version + 1,
  };
}

export function revokeRecord(record: KeyRecord, now: number): KeyRecord {
  return { ...record, revoked_at: toIsoTime(now), updated_at: toIsoTime(now), version: record.version + 1 };
}
