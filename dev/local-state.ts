/** What `npm start` keeps of its own beside the state of KV and objects: generated secrets, keys, and its last port. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export const LOCAL_STATE_FILE = ".wrangler/postern-local.json";
/** The KV of the local Postern, as miniflare lays it out. */
const KV_FOLDER = ".wrangler/state/v3/kv";

export interface LocalState {
  readonly key_secret: string;
  readonly admin_token: string;
  /** The key that `npm start` last issued and printed, by Stytch project ID. */
  readonly keys: Readonly<Record<string, string>>;
  /** The port of the last start, which tells where a Postern of this folder may still run. */
  readonly port?: number;
}

/** The saved state, or null before the first start. Throws a LocalStateError if the file is damaged. */
export function readSavedState(): LocalState | null {
  if (!existsSync(LOCAL_STATE_FILE)) return null;
  try {
    const state: unknown = JSON.parse(readFileSync(LOCAL_STATE_FILE, "utf8"));
    if (isLocalState(state)) return state;
  } catch {
    // The message of JSON.parse quotes the file, which holds secrets.
  }
  throw new LocalStateError(`${LOCAL_STATE_FILE} cannot be read. Delete it, and npm start creates another.`);
}

export class LocalStateError extends Error {}

function isLocalState(value: unknown): value is LocalState {
  if (typeof value !== "object" || value === null) return false;
  const state: Partial<Record<keyof LocalState, unknown>> = value;
  const hasSecrets = typeof state.key_secret === "string" && typeof state.admin_token === "string";
  const hasKeys = typeof state.keys === "object" && state.keys !== null;
  return hasSecrets && hasKeys && (state.port === undefined || Number.isInteger(state.port));
}

/** The saved state, or new secrets. Once saved they stay the same, so that a key still works after a restart. */
export function readLocalState(): LocalState {
  const createSecret = () => randomBytes(32).toString("hex");
  return readSavedState() ?? { key_secret: createSecret(), admin_token: createSecret(), keys: {} };
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export function saveLocalState(state: LocalState): void {
  mkdirSync(dirname(LOCAL_STATE_FILE), { recursive: true });
  const next = `${LOCAL_STATE_FILE}.next`;
  writeFileSync(next, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(next, LOCAL_STATE_FILE);
}

/**
 * Empties the local KV. The sandbox forgets its changes when it restarts, so Postern must not go on with what it cached
 * of them. Nothing but cached answers is in KV.
 */
export function dropCachedAnswers(): void {
  rmSync(KV_FOLDER, { recursive: true, force: true });
}
