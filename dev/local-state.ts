/** The settings of a local Postern: those of `.dev.vars`, and the secrets that `npm start` generates and saves. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseEnv } from "node:util";

export const LOCAL_STATE_FILE = ".wrangler/postern-local.json";

export interface LocalState {
  readonly key_secret: string;
  readonly admin_token: string;
  /** The key that `npm start` last issued and printed, by Stytch project ID. */
  readonly keys: Readonly<Record<string, string>>;
}

export type Vars = Record<string, string>;

/** The variables set in `.dev.vars`; an empty line such as `ADMIN_TOKEN=` sets nothing. */
export function readDevVars(): Vars {
  if (!existsSync(".dev.vars")) return {};
  const parsed = Object.entries(parseEnv(readFileSync(".dev.vars", "utf8")));
  return Object.fromEntries(parsed.filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** The saved state, or new secrets. Once saved they stay the same, so that a key still works after a restart. */
export function readLocalState(): LocalState {
  if (existsSync(LOCAL_STATE_FILE)) return JSON.parse(readFileSync(LOCAL_STATE_FILE, "utf8")) as LocalState;
  const createSecret = () => randomBytes(32).toString("hex");
  return { key_secret: createSecret(), admin_token: createSecret(), keys: {} };
}

export function saveLocalState(state: LocalState): void {
  mkdirSync(dirname(LOCAL_STATE_FILE), { recursive: true });
  writeFileSync(LOCAL_STATE_FILE, JSON.stringify(state, null, 2), { mode: 0o600 });
}
