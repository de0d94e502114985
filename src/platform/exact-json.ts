/**
 * JSON that loses nothing: a number that a double cannot hold keeps its text, and is written as it came. For bodies that are hashed or
 * cut down, and go out again.
 */

/** https://github.com/tc39/proposal-json-parse-with-source, which V8 has. */
interface SourceJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const json = JSON as unknown as SourceJson;

/** Whether a value is such a number, kept as its text. */
export const isExactNumber = (value: unknown): boolean => json.isRawJSON(value);

/** Of the bytes of a JSON object that has been checked before. */
export function parseExactly(bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder().decode(bytes);
  return json.parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  ) as Record<string, unknown>;
}
