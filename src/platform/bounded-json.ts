/** A JSON parser for untrusted bytes: UTF-8 only, and no deeper than a recursive parser can take. */

/** Deeper than any real body, and far from the stack limit of a parser or serializer that recurses. */
const MAX_DEPTH = 200;

/** `ignoreBOM` keeps a byte order mark in the text, so that `JSON.parse` refuses it (RFC 8259 §8.1). */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the JSON value of `bytes`; undefined if they are not UTF-8, not JSON, or nested deeper than 200 levels. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    const text = strictUtf8.decode(bytes);
    return isNestedDeeperThan(MAX_DEPTH, text) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One pass, so that its time is linear in the length. Brackets inside strings do not count. */
function isNestedDeeperThan(maxDepth: number, text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') isInString = !isInString;
    // In a string, a backslash escapes the next character, which may be a quote.
    else if (isInString) index += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}
