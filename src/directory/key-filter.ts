/** Which keys a list keeps. Pure. */
import { type KeyRecord, type KeyStatus, statusOf, wasIssuedBefore } from "../keys/record.ts";

export interface KeyFilter {
  /** A part of the name or of the key ID, in any case; "" for all. */
  readonly text: string;
  /** Null for all. */
  readonly status: KeyStatus | null;
  /** Keeps keys whose latest generation was made before, ms since the epoch. Null for all. */
  readonly issuedBefore: number | null;
}

export const ALL_KEYS: KeyFilter = { text: "", status: null, issuedBefore: null };

/** SQLite knows only the case of ASCII letters, so this is not a part of the query. `now`: ms since the epoch. */
export function isKept(record: KeyRecord, { text, status, issuedBefore }: KeyFilter, now: number): boolean {
  if (status !== null && statusOf(record, now) !== status) return false;
  if (issuedBefore !== null && !wasIssuedBefore(record, issuedBefore)) return false;
  const part = foldCase(text);
  return foldCase(record.name).includes(part) || foldCase(record.key_id).includes(part);
}

/** In lower case alone, a final sigma is not the letter that it is within a word, and `ß` is not `SS`. */
const foldCase = (text: string) => text.normalize("NFC").toLowerCase().toUpperCase();
