/** JSON from outside: UTF-8 only, and nested no deeper than a recursive parser survives. */

/** Deeper than any real body; a parser or serializer that recurses survives it easily. */
const MAX_DEPTH = 200;

/** Fatal, so that what is not UTF-8 is refused; a byte order mark is kept, for JSON to refuse. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The JSON value in `bytes`; undefined where they are not UTF-8, not JSON, or nest deeper than 200 levels. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes);
    return nestsDeeperThan(MAX_DEPTH, text) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One pass, so that its time is bounded by the length; brackets inside strings do not count. */
function nestsDeeperThan(most: number, text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') inString = !inString;
    else if (inString) at += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > most) return true;
  }
  return false;
}
