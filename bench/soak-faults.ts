/** The faults of the soak: every half minute, Stytch fails in another way. */

/** A round: Stytch works, then fails for `FAULT_MS`, then works again for `RECOVERY_MS`. */
const ROUND_MS = 30_000;
const FAULT_MS = 8_000;
const RECOVERY_MS = 8_000;

const FAULTS = [
  { kind: "status", status: 503 },
  { kind: "hang" },
  { kind: "html" },
  { kind: "status", status: 429, retry_after: 2 },
  { kind: "status", status: 500 },
  { kind: "cut" },
  { kind: "status", status: 401 },
  { kind: "drip" },
  { kind: "huge" },
  { kind: "redirect" },
] as const;

/** The fault of the round at `ms` after the start. */
export const faultAt = (ms: number) => FAULTS[Math.floor(ms / ROUND_MS) % FAULTS.length] ?? FAULTS[0];

/** The name of the fault that is injected at `ms` after the start, "none" before it, "recovering" after it. */
export function phaseAt(ms: number): string {
  const inRound = ms % ROUND_MS;
  const faultStartMs = ROUND_MS - FAULT_MS - RECOVERY_MS;
  if (inRound < faultStartMs) return "none";
  return inRound < faultStartMs + FAULT_MS ? faultName(faultAt(ms)) : "recovering";
}

/** How long after the end of the round's fault `ms` is, if it is in the phase "recovering". */
export const msAfterFault = (ms: number) => (ms % ROUND_MS) - (ROUND_MS - RECOVERY_MS);

const faultName = (fault: (typeof FAULTS)[number]) =>
  "status" in fault ? `status ${fault.status}` : fault.kind;
