/** IDs in the form that Stytch gives them. Others occur, and are not parsed. */

const CANONICAL_ID =
  /^(?:organization|member)-(?:test|live)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A canonical ID says what must come back; a slug or an external ID names another object by nature. */
export function isCanonicalId(identifier: string): boolean {
  return CANONICAL_ID.test(identifier);
}
