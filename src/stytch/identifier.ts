/** The identifiers of organizations and members in the paths of the Stytch API. Pure. */

/** More than Stytch allows for any of them, and short enough for a URL. */
const MAX_IDENTIFIER_LENGTH = 256;

/** The rule that `isIdentifier` checks, for error messages. */
export const IDENTIFIER_RULE = "must be 1 to 256 characters, without control characters or any of / \\ ? # %";

/**
 * True if `text` can be an ID, slug or external ID: 1 to 256 characters, without any that could be read as another part
 * of a URL by a parser behind Postern. The form is not checked further: real IDs are not always UUIDs, and external IDs
 * contain `|`.
 */
export function isIdentifier(text: string): boolean {
  // A character takes one or two code units, so few texts have to be counted.
  if (text.length > MAX_IDENTIFIER_LENGTH && [...text].length > MAX_IDENTIFIER_LENGTH) return false;
  return text !== "" && text !== "." && text !== ".." && !/[\p{Cc}\p{Cs}/\\?#%]/u.test(text);
}

const CANONICAL_ID =
  /^(?:organization|member)-(?:test|live)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the form that Stytch gives to its IDs, such as `organization-test-<uuid>`; not all real IDs have it. */
export function isCanonicalId(identifier: string): boolean {
  return CANONICAL_ID.test(identifier);
}

/** True if `text` is this ID. The hexadecimal digits of a UUID are case-insensitive (RFC 9562 §4). */
export function isSpellingOf(id: string, text: string): boolean {
  return id === text || (isCanonicalId(text) && id.toLowerCase() === text.toLowerCase());
}

/**
 * The names under which what `identifier` names may be cached: itself, and if it has the form of an ID in another case,
 * the ID as Stytch writes it.
 */
export function spellingsOf(identifier: string): string[] {
  const id = identifier.toLowerCase();
  return id !== identifier && isCanonicalId(id) ? [identifier, id] : [identifier];
}

/** True if `ids` has this ID, or is null, which stands for all. */
export function includesId(ids: readonly string[] | null, id: string): boolean {
  return ids === null || ids.some((candidate) => isSpellingOf(candidate, id));
}
