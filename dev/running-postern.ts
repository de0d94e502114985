/** Finds a Postern that uses the state of this folder already. */
import { type LocalState, readSavedState } from "./local-state.ts";
import { isStateLocked } from "./state-lock.ts";

const PROBE_TIMEOUT_MS = 1_000;
/** Only who has this folder's KEY_SECRET tells its keys from forged ones. */
const GENUINE_KEY_ERRORS: readonly unknown[] = ["expired_key", "revoked_key", "ip_not_allowed"];

/** Null if none runs; otherwise the problem in words. Calls the port of the last start, on loopback. */
export async function checkNoPosternRuns(): Promise<string | null> {
  const state = readSavedState();
  const origin = state?.port === undefined ? null : `http://127.0.0.1:${state.port}`;
  if (isStateLocked()) return alreadyRunsProblem(origin);
  if (state === null || origin === null || !(await isOrphaned(origin, state))) return null;
  return [
    `An earlier npm start of this folder was killed, and its server still runs on ${origin}.`,
    'End that first, for example with: pkill -f "$PWD/node_modules/@cloudflare/workerd"',
  ].join("\n");
}

export function alreadyRunsProblem(origin: string | null): string {
  const where = origin === null ? "" : ` on ${origin}`;
  return [
    `Postern already runs from this folder${where}, and a second one would use the same keys and cache.`,
    "Stop the first with Ctrl-C, or start the second in another clone.",
  ].join("\n");
}

/** The servers outlive a `npm start` that is killed before it can stop them, and go on with the state. */
async function isOrphaned(origin: string, { keys }: LocalState): Promise<boolean> {
  for (const key of Object.values(keys)) if (await knowsKey(origin, key)) return true;
  return false;
}

async function knowsKey(origin: string, key: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/whoami`, {
      headers: { Authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    const body = (await response.json()) as { key_id?: unknown; error_type?: unknown };
    return response.ok ? key.includes(`_${body.key_id}_`) : GENUINE_KEY_ERRORS.includes(body.error_type);
  } catch {
    return false;
  }
}
