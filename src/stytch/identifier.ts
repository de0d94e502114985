/** What may name an organization or member in a path of Stytch's. Pure. */

/** More than Stytch allows for any of them, and little enough for a log or a URL. */
const MAX_CHARACTERS = 256;

/** The rule that `isIdentifier` checks, for error messages. */
export const IDENTIFIER_RULE = "must be 1 to 256 characters, without control characters or any of / \\ ? # %";

/**
 * Whether a text can be an ID, slug or external ID. It is not parsed further: IDs in the wild are not always UUIDs, and external IDs
 * hold `|`. What is refused is what could be taken for another part of a URL, by anything that reads it after us.
 */
export function isIdentifier(text: string): boolean {
  const length = [...text].length;
  if (length < 1 || length > MAX_CHARACTERS) return false;
  return text !== "." && text !== ".." && !/[\p{Cc}\p{Cs}/\\?#%]/u.test(text);
}

const CANONICAL_ID =
  /^(?:organization|member)-(?:test|live)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A canonical ID says what must come back; a slug or an external ID names another object by nature. */
export function isCanonicalId(identifier: string): boolean {
  return CANONICAL_ID.test(identifier);
}
