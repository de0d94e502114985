import { isIdentifier } from "../stytch/identifier.ts";

/** The identifier in a raw path segment, percent-decoded once; null where it is out of bounds. Pure. */
export function parseIdentifier(segment: string): string | null {
  try {
    const identifier = decodeURIComponent(segment);
    return isIdentifier(identifier) ? identifier : null;
  } catch {
    return null;
  }
}
