/**
 * JSON without loss: a number that a double cannot represent keeps its source text, and is written as it came. For
 * bodies of Stytch that are hashed or projected, and sent on.
 */

/** ECMAScript "JSON.parse source text access", which V8 has: https://github.com/tc39/proposal-json-parse-with-source */
interface SourceJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const json = JSON as unknown as SourceJson;

/** True if `value` is a number that `parseExactly` kept as its source text. */
export const isExactNumber = (value: unknown): boolean => json.isRawJSON(value);

/** Parses the bytes of a JSON object that passed `parseJson` and a schema before. Throws if they are not JSON. */
export function parseExactly(bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder().decode(bytes);
  return json.parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  ) as Record<string, unknown>;
}
