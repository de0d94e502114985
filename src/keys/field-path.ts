/**
 * The paths of fields: names with dots between. A name that contains a dot is written as a JSON string (RFC 8259 §7),
 * as in `trusted_metadata."acme.com"`; so a quotation mark or a backslash in it is escaped with a backslash. Pure.
 */
import * as z from "zod";

/** A JSON string, or a bare name, which neither contains a dot nor begins with a quotation mark. */
const NAME = /"(?:[^"\\]|\\.)*"|[^".][^.]*/sy;

/** Returns the names of a path, or null if the text is no path. */
export function parseFieldPath(path: string): readonly string[] | null {
  const names: string[] = [];
  for (let index = 0; ; index += 1) {
    NAME.lastIndex = index;
    const name = parseName(NAME.exec(path)?.[0]);
    if (name === null) return null;
    names.push(name);
    index = NAME.lastIndex;
    if (index === path.length) return names;
    if (path[index] !== ".") return null;
  }
}

function parseName(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return null;
  }
}

/** Returns the normal form of a path: quotes only if a name needs them. */
export function formatFieldPath(names: readonly string[]): string {
  return names.map((name) => (/^[^".\p{Cc}\p{Cs}]+$/u.test(name) ? name : JSON.stringify(name))).join(".");
}

/** True if objects of this schema can have a field at the path. Inside free-form JSON, every path is possible. */
export function isKnownPath(wrapped: z.ZodType, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  const schema = unwrapSchema(wrapped);
  if (schema instanceof z.ZodUnion)
    return schema.options.some((option) => isKnownPath(option as z.ZodType, [name, ...rest]));
  if (schema instanceof z.ZodRecord || schema instanceof z.ZodUnknown) return true;
  if (!(schema instanceof z.ZodObject)) return false;
  const fields = schema.shape as Record<string, z.ZodType>;
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return field !== undefined && isKnownPath(field, rest);
}

/** Removes the wrappers for optional, nullable and array fields. */
function unwrapSchema(wrapped: z.ZodType): z.ZodType {
  let schema: z.ZodType = wrapped;
  while (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodArray) {
    schema = (schema instanceof z.ZodArray ? schema.element : schema.unwrap()) as z.ZodType;
  }
  return schema;
}
