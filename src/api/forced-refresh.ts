/** `Postern-Cache: refresh`: a caller's wish for a read of Stytch, past the cache. It has a scope of its own. */
import type { Scope } from "../keys/record.ts";

export function isRefreshRequested(headers: Headers): boolean {
  return headers.get("Postern-Cache")?.trim().toLowerCase() === "refresh";
}

/** What the wish needs, if there is one. */
export const refreshScopes = (isWanted: boolean): Scope[] => (isWanted ? ["cache:refresh"] : []);
