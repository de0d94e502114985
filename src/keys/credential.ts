/** Reads the credential that a request presents. It is read from the `Authorization` header and from nowhere else. */

export type Credential =
  /** There are no credentials, or their scheme is neither Bearer nor Basic. */
  | { readonly kind: "absent" }
  /** The scheme is Bearer or Basic, but the value does not have its form. */
  | { readonly kind: "malformed" }
  /** A key is presented; it is not verified yet. */
  | { readonly kind: "presented"; readonly key: string }
  /** A text in the form of a token is presented, which may be a session JWT; it is not verified yet. */
  | { readonly kind: "session"; readonly token: string };

/** What may be a key. */
export type KeyCredential = Exclude<Credential, { readonly kind: "session" }>;

/** Far more than a key and a project ID need, so a longer value is not decoded. Tokens have a bound of their own. */
const MAX_CREDENTIAL_CHARACTERS = 4_096;

/**
 * Reads `Bearer <key or session JWT>` (RFC 6750 §2.1) and `Basic base64(<anything>:<key>)` (RFC 7617 §2), which the SDKs
 * send. Scheme names are case-insensitive (RFC 9110 §11.1).
 */
export function readCredential(authorization: string | null): Credential {
  const text = authorization?.trim() ?? "";
  const schemeEnd = text.search(/\s/);
  if (schemeEnd < 0) return { kind: "absent" };
  const value = text.slice(schemeEnd).trimStart();
  switch (text.slice(0, schemeEnd).toLowerCase()) {
    case "bearer":
      return parseBearer(value);
    case "basic":
      return value.length > MAX_CREDENTIAL_CHARACTERS ? { kind: "malformed" } : parseBasic(value);
    default:
      return { kind: "absent" };
  }
}

/** How a JWT begins: `{"` in base64url (RFC 7515 §3.3). A key begins with `pst_`. */
const JWT_BEGINNING = "eyJ";

function parseBearer(value: string): Credential {
  if (value.startsWith(JWT_BEGINNING)) return { kind: "session", token: value };
  return value.length > MAX_CREDENTIAL_CHARACTERS ? { kind: "malformed" } : { kind: "presented", key: value };
}

function parseBasic(base64: string): Credential {
  let userPass: string;
  try {
    userPass = atob(base64);
  } catch {
    return { kind: "malformed" };
  }
  // A user name contains no colon (RFC 7617 §2), so the first colon ends it.
  const colon = userPass.indexOf(":");
  return colon < 0 ? { kind: "malformed" } : { kind: "presented", key: userPass.slice(colon + 1) };
}
