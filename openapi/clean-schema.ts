/** What zod writes, in the form of a reader's: no `$schema`, and no bounds of JavaScript's numbers. */

export type JsonSchema = { [keyword: string]: unknown };

/** Returns a copy. */
export function cleanSchema(schema: JsonSchema): JsonSchema {
  const { $schema: _, $id: __, id: ___, ...rest } = schema;
  return cleanObject(rest);
}

function cleanObject(schema: JsonSchema): JsonSchema {
  const kept = Object.entries(schema).filter(([keyword, value]) => !isNoise(keyword, value, schema));
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, cleanValue(value)]));
}

function cleanValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanValue);
  return typeof value === "object" && value !== null ? cleanObject(value as JsonSchema) : value;
}

function isNoise(keyword: string, value: unknown, schema: JsonSchema): boolean {
  switch (keyword) {
    case "maximum":
      return value === Number.MAX_SAFE_INTEGER;
    case "minimum":
      return value === Number.MIN_SAFE_INTEGER;
    case "readOnly":
      // zod's word for a type of TypeScript.
      return value === true;
    case "pattern":
      // A format says the same, in a word.
      return typeof schema["format"] === "string";
    default:
      return false;
  }
}
