/**
 * Who signed in through Cloudflare Access. The runtime says so, and it alone: anybody may send a `Cf-Access-…` header to
 * a hostname that Access does not protect.
 * https://developers.cloudflare.com/workers/configuration/cloudflare-access/
 */
import { withTimeout } from "../platform/timeout.ts";

const IDENTITY_TIMEOUT_MS = 3_000;
/** RFC 5321 §4.5.3.1.3: the longest address. */
const MAX_ADDRESS_LENGTH = 254;

export type AccessIdentity =
  /** Access did not let this request in, or not for the configured application. */
  | { readonly kind: "absent" }
  | { readonly kind: "person"; readonly email: string }
  /** Without an e-mail address, such as a service token. */
  | { readonly kind: "nameless" }
  /** Access does not answer. */
  | { readonly kind: "unavailable" };

/** `aud`: the tag of the application; undefined if none is configured. May make one call to Access. Never throws. */
export async function readAccessIdentity(
  access: CloudflareAccessContext | undefined,
  aud: string | undefined,
): Promise<AccessIdentity> {
  if (access === undefined || aud === undefined || access.aud !== aud) return { kind: "absent" };
  try {
    const identity = await withTimeout(IDENTITY_TIMEOUT_MS, access.getIdentity());
    const email: unknown = identity?.email;
    return isAddress(email) ? { kind: "person", email } : { kind: "nameless" };
  } catch {
    return { kind: "unavailable" };
  }
}

/** The audit log keeps it and shows it: no longer than an address, on one line, and no word that stands for another actor. */
function isAddress(email: unknown): email is string {
  return (
    typeof email === "string" &&
    email.length <= MAX_ADDRESS_LENGTH &&
    /^[^\s\p{C}]+@[^\s\p{C}@]+$/u.test(email)
  );
}
