/** `Postern-Cache: refresh`: a caller asks for a read of Stytch that bypasses the cache. This needs a scope of its own. */
import type { Scope } from "../keys/record.ts";

export function isRefreshRequested(headers: Headers): boolean {
  return headers.get("Postern-Cache")?.trim().toLowerCase() === "refresh";
}

/** The scopes that a forced refresh needs beside those of the read. */
export const refreshScopes = (isForced: boolean): Scope[] => (isForced ? ["cache:refresh"] : []);
