/**
 * The bodies of faults that keep the response but change its content. A fault that changes a field has no effect on a
 * body without the field: a 404 has no organization, so it has no slug to lose.
 */

import { toSortedJson } from "./responses.ts";
import { isJsonObject, type Json, type JsonObject } from "./shapes.ts";
import type { Store } from "./store.ts";

const NESTING_DEPTH = 20_000;
const HUGE_BYTES = 3 * 1_024 * 1_024;
/** A placeholder in the JSON text for what JSON.stringify cannot write. It does not occur in the seed. */
const PLACEHOLDER = "@@sandbox-placeholder@@";

const encoder = new TextEncoder();

export function nestDeeply(body: JsonObject): string {
  const [before, after] = splitAtPlaceholder(body, { nested: PLACEHOLDER });
  return before + "[".repeat(NESTING_DEPTH) + "]".repeat(NESTING_DEPTH) + after;
}

export function padToHuge(body: JsonObject): string {
  const [before, after] = splitAtPlaceholder(body, { padding: PLACEHOLDER });
  const length = encoder.encode(`${before}""${after}`).length;
  return `${before}"${"x".repeat(HUGE_BYTES - length)}"${after}`;
}

export function insertInvalidUtf8(body: JsonObject): Uint8Array<ArrayBuffer> {
  const [before, after] = splitAtPlaceholder(body, { text: PLACEHOLDER });
  return new Uint8Array([...encoder.encode(`${before}"`), 0xff, ...encoder.encode(`"${after}`)]);
}

/** Returns the body's text before and after the placeholder and its quotes. */
function splitAtPlaceholder(body: JsonObject, metadata: JsonObject): [string, string] {
  const [before = "", after = ""] = toSortedJson(replaceMetadata(body, metadata)).split(`"${PLACEHOLDER}"`);
  return [before, after];
}

/** Replaces the metadata of the requested object: the member, or the organization, or else the envelope itself. */
function replaceMetadata(body: JsonObject, metadata: JsonObject): JsonObject {
  for (const name of ["member", "organization"]) {
    const object = body[name];
    if (isJsonObject(object)) return { ...body, [name]: { ...object, trusted_metadata: metadata } };
  }
  return { ...body, trusted_metadata: metadata };
}

export function removeField(body: JsonObject, field: string): JsonObject {
  return changeFields(body, field, () => undefined);
}

/** Replaces a string or null (an unset string or object) with a number, and anything else with a string. */
export function mistypeField(body: JsonObject, field: string): JsonObject {
  return changeFields(body, field, (value) =>
    typeof value === "string" || value === null ? 12_345 : "mistyped",
  );
}

type ChangeValue = (value: Json) => Json | undefined;

/** Changes the field of the organization and the member, or of the envelope if neither has it. */
function changeFields(body: JsonObject, field: string, change: ChangeValue): JsonObject {
  const changedObjects = ["organization", "member"].flatMap((name) => {
    const object = body[name];
    return isJsonObject(object) && Object.hasOwn(object, field)
      ? [[name, changeField(object, field, change)]]
      : [];
  });
  if (changedObjects.length === 0) return changeField(body, field, change);
  return { ...body, ...Object.fromEntries(changedObjects) };
}

function changeField(object: JsonObject, field: string, change: ChangeValue): JsonObject {
  const entries = Object.entries(object).flatMap(([name, value]): [string, Json][] => {
    const changed = name === field ? change(value) : value;
    return changed === undefined ? [] : [[name, changed]];
  });
  return Object.fromEntries(entries);
}

export function replaceOrganization(body: JsonObject, store: Store): JsonObject {
  const { organization } = body;
  if (!isJsonObject(organization)) return body;
  const other = store.findOtherOrganization(String(organization["organization_id"]));
  return other === undefined ? body : { ...body, organization: other };
}
