/**
 * Field projection: a key may see only some fields of an object, given as dot paths. All other fields are left out. A
 * path passes through arrays to each of their items. Pure.
 */
import * as z from "zod";
import { isExactNumber } from "../platform/exact-json.ts";

/** The fields that a set of paths selects: `true` selects the whole value, a map selects fields of an object. */
type FieldTree = true | ReadonlyMap<string, FieldTree>;

/** Bounds the size of a record; an object of Stytch has about 30 fields. */
export const MAX_PATHS = 100;

/** Returns `value` with only the fields that `paths` select. Only own properties are read, whatever their names. */
export function project(value: unknown, paths: readonly string[]): unknown {
  return selectFields(value, buildFieldTree(paths));
}

function selectFields(value: unknown, tree: FieldTree): unknown {
  if (tree === true) return value;
  if (Array.isArray(value))
    return value.map((item) => selectFields(item, tree)).filter((item) => item !== undefined);
  // A path that goes deeper than the value selects nothing of it. Null stays null: it takes the place of an object.
  if (value === null) return null;
  if (typeof value !== "object" || isExactNumber(value)) return undefined;
  const selected = Object.entries(value).flatMap(([name, field]) => {
    const subtree = tree.get(name);
    const result = subtree === undefined ? undefined : selectFields(field, subtree);
    return result === undefined ? [] : [[name, result] as const];
  });
  // Defines the properties, so a field named `__proto__` is an ordinary one; an assignment would set the prototype.
  return Object.fromEntries(selected);
}

function buildFieldTree(paths: readonly string[]): FieldTree {
  const root = new Map<string, FieldTree>();
  for (const path of paths) {
    let node: Map<string, FieldTree> = root;
    const names = path.split(".");
    for (const [index, name] of names.entries()) {
      const existing = node.get(name);
      if (existing === true) break;
      if (index === names.length - 1) {
        node.set(name, true);
        break;
      }
      const child = (existing as Map<string, FieldTree> | undefined) ?? new Map<string, FieldTree>();
      node.set(name, child);
      node = child;
    }
  }
  return root;
}

/** True if objects of this schema can have a field at `path`. Inside free-form JSON, every path is possible. */
export function isKnownPath(schema: z.ZodType, path: string): boolean {
  return hasPath(schema, path.split("."));
}

function hasPath(wrapped: z.ZodType, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (name === "") return false;
  const schema = unwrapSchema(wrapped);
  if (schema instanceof z.ZodUnion)
    return schema.options.some((option) => hasPath(option as z.ZodType, [name, ...rest]));
  if (schema instanceof z.ZodRecord || schema instanceof z.ZodUnknown) return !rest.includes("");
  if (!(schema instanceof z.ZodObject)) return false;
  const fields = schema.shape as Record<string, z.ZodType>;
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return field !== undefined && hasPath(field, rest);
}

/** Removes the wrappers for optional, nullable and array fields. */
function unwrapSchema(wrapped: z.ZodType): z.ZodType {
  let schema: z.ZodType = wrapped;
  while (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodArray) {
    schema = (schema instanceof z.ZodArray ? schema.element : schema.unwrap()) as z.ZodType;
  }
  return schema;
}
