/** Looks at one field of all organizations or members of the seed. */

import type { Json, JsonObject } from "../../sandbox/shapes.ts";

export function countOf<T>(list: readonly T[], predicate: (item: T) => boolean): number {
  return list.filter(predicate).length;
}

/** Returns the values of the field, without the objects that lack it. */
export function valuesOf(list: readonly JsonObject[], field: string): Json[] {
  return list.flatMap((item) => (Object.hasOwn(item, field) ? [item[field] ?? null] : []));
}

export function bytesOf(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
