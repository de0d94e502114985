/**
 * The whole of a key's record, as one deployment gives it out and another takes it in. It holds no key: with the same
 * `KEY_SECRET` (or with the old one as `KEY_SECRET_PREVIOUS`), the keys of the record work there as they did.
 */
import * as z from "zod";
import type { Config } from "../config.ts";
import type { TakenInRecord } from "./key-answers.ts";
import { MAX_PREVIOUS_GENERATIONS } from "./mutations.ts";
import { KeyCreation, wholeNumber } from "./policy.ts";
import type { KeyRecord } from "./record.ts";

/** Below what a key and the ID of an event have room for, so that the imported key can still be rotated and edited. */
const MAX_COUNT = 900_000_000;

/** A moment as Postern stores it, which sorts as text. */
const time = z.iso.datetime({ precision: 3, error: "must be a time such as 2026-01-01T00:00:00.000Z" });

export const WholeRecord = KeyCreation.extend({
  key_id: z
    .string("must be a string")
    .regex(/^[0-9a-hjkmnp-tv-z]{16}$/, "must be the ID of a key: 16 characters of Crockford base32"),
  project_id: z.string("must be the ID of a Stytch project"),
  created_at: time,
  updated_at: time,
  revoked_at: time.nullable(),
  generation: wholeNumber(1, MAX_COUNT),
  issued_at: time,
  previous: z
    .array(
      z.strictObject(
        { generation: wholeNumber(1, MAX_COUNT), valid_until: time },
        "must be an object with generation and valid_until",
      ),
      "must be a list of earlier generations",
    )
    .max(MAX_PREVIOUS_GENERATIONS, `must have at most ${MAX_PREVIOUS_GENERATIONS} items`),
  version: wholeNumber(1, MAX_COUNT),
}).refine(({ generation, previous }) => isAscending([...previous.map((one) => one.generation), generation]), {
  path: ["previous"],
  error: "must have earlier generations than generation, in their order",
});

export type WholeRecord = z.output<typeof WholeRecord>;

const isAscending = (numbers: readonly number[]) =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));

/** What a record of an early version lacks is filled in as it is read everywhere else. `projectId`: of the deployment. */
export function toWholeRecord(record: KeyRecord, projectId: string) {
  return {
    key_id: record.key_id,
    project_id: record.project_id ?? projectId,
    name: record.name,
    scopes: record.scopes,
    organization_ids: record.organization_ids,
    fields: record.fields,
    rate_limit: record.rate_limit,
    allowed_ips: record.allowed_ips,
    region: record.region,
    expires_at: record.expires_at,
    created_at: record.created_at,
    updated_at: record.updated_at,
    revoked_at: record.revoked_at,
    generation: record.generation,
    issued_at: record.issued_at ?? record.created_at,
    previous: record.previous,
    version: record.version,
  };
}

/** The keys of another project or environment could never work here. Returns the problem with its field, or null. */
export function checkProject({ project_id }: WholeRecord, { stytch }: Config): string | null {
  return project_id === stytch.projectId
    ? null
    : "project_id: must be the Stytch project of this deployment: keys of another do not work here";
}

/**
 * What an import does with a record. `imported`: there was none. `updated`: the one from an earlier import has not been
 * changed here since, and the given one is later. `unchanged`: they are the same. `kept`: they differ, and the one here
 * stays as it is.
 */
export type ImportOutcome = TakenInRecord["outcome"];

export function importOutcome(stored: KeyRecord | null, given: KeyRecord, projectId: string): ImportOutcome {
  if (stored === null) return "imported";
  const [here, there] = [stored, given].map((record) => JSON.stringify(toWholeRecord(record, projectId)));
  if (here === there) return "unchanged";
  const isUnchangedHere = stored.imported_version === stored.version;
  // A revocation is final, and a generation that has ended stays so.
  const goesBack =
    given.version <= stored.version || given.generation < stored.generation || stored.revoked_at !== null;
  return isUnchangedHere && !goesBack ? "updated" : "kept";
}
