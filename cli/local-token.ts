/** The admin token of the Postern that `npm start` serves on this machine. */
import { existsSync } from "node:fs";
import { readDevVars, readKept } from "../dev/local-state.ts";
import { Stop } from "./errors.ts";

/** What `npm start` keeps. */
const KEPT = ".wrangler/postern-local.json";

/** Null before the first start. A token of the operator's own goes before the kept one, as it does in `npm start`. */
export function localToken(): string | null {
  if (!existsSync(KEPT)) return null;
  try {
    return readDevVars()["ADMIN_TOKEN"] ?? readKept().admin_token;
  } catch {
    // What JSON.parse says of a file repeats some of it, and this one holds secrets.
    throw new Stop(`${KEPT} cannot be read. Remove it, and npm start makes another.`);
  }
}
