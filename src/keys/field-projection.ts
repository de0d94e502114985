/**
 * Fields: dot paths of what a key keeps of an object; everything else is left out. A path goes through lists to each of their
 * items. Pure.
 */
import * as z from "zod";
import { isExactNumber } from "../platform/exact-json.ts";

/** What a set of paths keeps: `true` is the whole value, a map is the fields of an object. */
type FieldTree = true | ReadonlyMap<string, FieldTree>;

/** Bounds a record; an object has about 30 fields. */
export const MAX_PATHS = 100;

/** The value that `paths` keep of `value`. Own properties only, whatever they are called. */
export function project(value: unknown, paths: readonly string[]): unknown {
  return selectFields(value, buildFieldTree(paths));
}

function selectFields(value: unknown, kept: FieldTree): unknown {
  if (kept === true) return value;
  if (Array.isArray(value))
    return value.map((item) => selectFields(item, kept)).filter((item) => item !== undefined);
  // A path that goes on below a value without fields keeps nothing of it; null stays null, as it stands for an object.
  if (value === null) return null;
  if (typeof value !== "object" || isExactNumber(value)) return undefined;
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const below = kept.get(name);
    const left = below === undefined ? undefined : selectFields(field, below);
    return left === undefined ? [] : [[name, left] as const];
  });
  // Defines, where an assignment to `__proto__` would not.
  return Object.fromEntries(fields);
}

function buildFieldTree(paths: readonly string[]): FieldTree {
  const root = new Map<string, FieldTree>();
  for (const path of paths) {
    let at: Map<string, FieldTree> = root;
    const names = path.split(".");
    for (const [index, name] of names.entries()) {
      const before = at.get(name);
      if (before === true) break;
      if (index === names.length - 1) {
        at.set(name, true);
        break;
      }
      const below = (before as Map<string, FieldTree> | undefined) ?? new Map<string, FieldTree>();
      at.set(name, below);
      at = below;
    }
  }
  return root;
}

/** Whether `path` names something that objects of this schema can have; below free JSON, everything may be. */
export function isKnownPath(schema: z.ZodType, path: string): boolean {
  return hasPath(schema, path.split("."));
}

function hasPath(wrapped: z.ZodType, [name, ...below]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (name === "") return false;
  const schema = unwrapSchema(wrapped);
  if (schema instanceof z.ZodUnion)
    return schema.options.some((option) => hasPath(option as z.ZodType, [name, ...below]));
  if (schema instanceof z.ZodRecord || schema instanceof z.ZodUnknown) return !below.includes("");
  if (!(schema instanceof z.ZodObject)) return false;
  const fields = schema.shape as Record<string, z.ZodType>;
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return field !== undefined && hasPath(field, below);
}

/** Without what may wrap a field: absent, null, list. */
function unwrapSchema(schema: z.ZodType): z.ZodType {
  let at: z.ZodType = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodNullable || at instanceof z.ZodArray) {
    at = (at instanceof z.ZodArray ? at.element : at.unwrap()) as z.ZodType;
  }
  return at;
}
