/**
 * A call's token: from what the isolate holds or, where it holds none, from the key's object. What each case costs: `allowance.ts`.
 * While the object cannot be reached, the isolate counts by itself.
 */

import type { Caller } from "../keys/authenticate.ts";
import { askingOf } from "../keys/key-object-client.ts";
import type { KeyMemory } from "../keys/key-state.ts";
import { askNow, renewBehind } from "../keys/lease.ts";
import { type Call, noteDegraded } from "../request-context.ts";
import type { Limit } from "./bucket.ts";
import { type Quota, quotaOf, refusedQuota } from "./rate-limit-headers.ts";
import {
  type Allowance,
  claim,
  inHand,
  isEmpty,
  isOnItsWay,
  keepAllowance,
  lookAgainMs,
  newAllowance,
  noteCall,
  runsLow,
  spend,
  spendAlone,
} from "./token-pool.ts";

export interface Token {
  readonly granted: boolean;
  readonly quota: Quota;
}

/** The token of a call that nobody needs to be asked for: granted with the lease, in hand, or known not to be there. Null where that is not so. */
export function tokenAtHand(call: Call, memory: KeyMemory, caller: Caller, limit: Limit): Token | null {
  const keyId = caller.record.key_id;
  const now = Date.now();
  const allowance = allowanceOf(memory, keyId, limit);
  noteCall(allowance, now);
  if (caller.granted === true) return { granted: true, quota: quotaOf(allowance, now, true) };
  if (spend(allowance, now)) return spent(call, memory, keyId, allowance);
  return caller.granted === false || isEmpty(allowance, now) ? refused(allowance, now) : null;
}

/** Takes a token where none is at hand; null where the limit has been lifted. At most one object call. Never throws. */
export async function takeToken(
  call: Call,
  memory: KeyMemory,
  { record, grace }: Caller,
  limit: Limit,
): Promise<Token | null> {
  const keyId = record.key_id;
  const allowance = allowanceOf(memory, keyId, limit);
  if (grace) return takeAlone(allowance, Date.now());
  if (claim(allowance, Date.now())) {
    if (await spendComing(allowance)) return spent(call, memory, keyId, allowance);
    if (isEmpty(allowance, Date.now())) return refused(allowance, Date.now());
  }
  return await takeFromObject(call, memory, keyId, limit);
}

/** A token in hand has been spent: more are asked for behind the answer where they run low. In grace none is in hand: none outlasts its lease. */
function spent(call: Call, memory: KeyMemory, keyId: string, allowance: Allowance): Token {
  const now = Date.now();
  const held = inHand(allowance, now);
  const quota = quotaOf(allowance, now, false, held);
  if (runsLow(allowance, now, held)) renewBehind(memory.leases, keyId, now, askingOf(call, memory, null));
  return { granted: true, quota };
}

/** Waits for what another request has asked for, and spends of it. Requests share plain data only, so it is looked at from time to time. */
async function spendComing(allowance: Allowance): Promise<boolean> {
  while (isOnItsWay(allowance, Date.now())) {
    await scheduler.wait(lookAgainMs(allowance));
    if (spend(allowance, Date.now())) return true;
  }
  return false;
}

/** What is left for the caller as far as this isolate knows; null where the key has no limit. No I/O. */
export function knownQuota(memory: KeyMemory, { record }: Caller): Quota | null {
  const { key_id: keyId, rate_limit: limit } = record;
  return limit === null ? null : quotaOf(allowanceOf(memory, keyId, limit), Date.now(), false);
}

/** How often an isolate asks what is left without taking of it, in ms: so a flood of that costs the object little. */
const LOOK_AGAIN_MS = 1_000;

/** What is left for the caller by the object's word, or what it was a second ago at most; null where the key has no limit. Never throws. */
export async function askForQuota(call: Call, memory: KeyMemory, caller: Caller): Promise<Quota | null> {
  const { key_id: keyId, rate_limit: limit } = caller.record;
  if (limit === null || caller.grace) return knownQuota(memory, caller);
  const before = memory.allowances.get(keyId);
  const age = before === undefined ? LOOK_AGAIN_MS : Date.now() - before.bucket.at;
  // Where the lease was asked for just now, that is the object's word.
  if (before !== undefined && age >= 0 && age < LOOK_AGAIN_MS) return quotaOf(before, Date.now(), age === 0);
  try {
    await askNow(memory.leases, keyId, Date.now(), askingOf(call, memory, null));
    const allowance = memory.allowances.get(keyId);
    // Without one, the limit has been lifted since.
    return allowance === undefined ? null : quotaOf(allowance, Date.now(), true);
  } catch {
    noteDegraded(call, "key_object");
    return knownQuota(memory, caller);
  }
}

async function takeFromObject(
  call: Call,
  memory: KeyMemory,
  keyId: string,
  limit: Limit,
): Promise<Token | null> {
  let granted: boolean | null = null;
  const asking = askingOf(call, memory, "admitted", (answer) => {
    granted = answer;
  });
  try {
    await askNow(memory.leases, keyId, Date.now(), asking);
  } catch {
    noteDegraded(call, "key_object");
    return takeAlone(allowanceOf(memory, keyId, limit), Date.now());
  }
  // The limit has been lifted since.
  if (granted === null) return null;
  const now = Date.now();
  const allowance = allowanceOf(memory, keyId, limit);
  if (granted) return { granted: true, quota: quotaOf(allowance, now, true) };
  // Another call's answer may have brought some.
  if (spend(allowance, now)) return { granted: true, quota: quotaOf(allowance, now, false) };
  return refused(allowance, now);
}

function takeAlone(allowance: Allowance, now: number): Token {
  return spendAlone(allowance, now)
    ? { granted: true, quota: quotaOf(allowance, now, true) }
    : refused(allowance, now);
}

const refused = (allowance: Allowance, now: number): Token => ({
  granted: false,
  quota: refusedQuota(allowance, now),
});

function allowanceOf({ allowances }: KeyMemory, keyId: string, limit: Limit): Allowance {
  const known = allowances.get(keyId);
  if (known !== undefined) return known;
  const allowance = newAllowance(limit, Date.now());
  keepAllowance(allowances, keyId, allowance);
  return allowance;
}
