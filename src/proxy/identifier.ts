/** What may stand in a path as the name of an organization or member. Pure. */

/** More than Stytch allows for any of them, and little enough for a log or a URL. */
const MOST_CHARACTERS = 256;

/**
 * The identifier in a raw path segment, percent-decoded once; null where it is out of bounds. It is not parsed further: IDs in
 * the wild are not always UUIDs, and external IDs hold `|`. What is refused here is what could be taken for another part of a
 * URL, by anything that reads it after us.
 */
export function readIdentifier(segment: string): string | null {
  let identifier: string;
  try {
    identifier = decodeURIComponent(segment);
  } catch {
    return null;
  }
  const length = [...identifier].length;
  if (length < 1 || length > MOST_CHARACTERS) return null;
  if (identifier === "." || identifier === "..") return null;
  return /[\p{Cc}\p{Cs}/\\?#%]/u.test(identifier) ? null : identifier;
}
