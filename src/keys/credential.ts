/** What a request presents as its key, in the `Authorization` header and nowhere else. */

export type Credential =
  /** No credentials, or of a scheme that Postern does not read. */
  | { readonly kind: "absent" }
  /** Of a scheme that Postern reads, but not in its form. */
  | { readonly kind: "malformed" }
  /** Presented, and not yet proved. */
  | { readonly kind: "presented"; readonly key: string };

/** Far above any key with any project ID; what is longer is not worth decoding. */
const MAX_CREDENTIAL_CHARACTERS = 4_096;

/**
 * Reads `Bearer <key>` (RFC 6750 §2.1) and `Basic base64(<anything>:<key>)` (RFC 7617 §2), which is what the SDKs send. Scheme
 * names have no case (RFC 9110 §11.1).
 */
export function readCredential(authorization: string | null): Credential {
  const text = authorization?.trim() ?? "";
  const end = text.search(/\s/);
  if (end < 0) return { kind: "absent" };
  const value = text.slice(end).trimStart();
  switch (text.slice(0, end).toLowerCase()) {
    case "bearer":
      return value.length > MAX_CREDENTIAL_CHARACTERS
        ? { kind: "malformed" }
        : { kind: "presented", key: value };
    case "basic":
      return value.length > MAX_CREDENTIAL_CHARACTERS ? { kind: "malformed" } : parseBasic(value);
    default:
      return { kind: "absent" };
  }
}

function parseBasic(base64: string): Credential {
  let userPass: string;
  try {
    userPass = atob(base64);
  } catch {
    return { kind: "malformed" };
  }
  // A user name has no colon (RFC 7617 §2), so the first one ends it.
  const colon = userPass.indexOf(":");
  return colon < 0 ? { kind: "malformed" } : { kind: "presented", key: userPass.slice(colon + 1) };
}
