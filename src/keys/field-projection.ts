/**
 * Field projection: a key may see only some fields of an object, given as paths. All other fields are left out. A path
 * passes through arrays to each of their items. Pure.
 */
import { isExactNumber } from "../platform/exact-json.ts";
import { parseFieldPath } from "./field-path.ts";

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
    // A path that nothing can read selects nothing; only a record of an early version can have one.
    const names = parseFieldPath(path) ?? [];
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
