/** What happens in the demo, and when: the same at each start. Pure. */
import { createRandom, type Random } from "../sandbox/random.ts";
import { DEMO_CALLERS, DEMO_MEMBERS, type DemoCaller } from "./demo-callers.ts";

export const DEMO_SECONDS = 60;
const SEED = 20_261_130;

/** What happens once. `demo-events.ts` says what each of them does. */
export type DemoEventName =
  | "purge"
  | "forge"
  | "revoke"
  | "rotate"
  | "slow_down"
  | "break_down"
  | "recover"
  | "purge_policy";

export type DemoStep = { readonly atMs: number } & (
  | { readonly kind: "read"; readonly caller: string; readonly path: string; readonly refreshes: boolean }
  /** A read of the own organization with the session of the member of this number. */
  | { readonly kind: "session"; readonly member: number; readonly path: string }
  | { readonly kind: "event"; readonly event: DemoEventName }
);

const EVENTS: readonly (readonly [seconds: number, event: DemoEventName])[] = [
  [14, "purge"],
  [20, "forge"],
  [24, "revoke"],
  [30, "rotate"],
  [34, "slow_down"],
  [40, "break_down"],
  [48, "recover"],
  [52, "purge_policy"],
];

const SESSION_CALLS = { perSecond: 0.8, active: [16, 60] } as const;

/** The steps of the demo in their order, over `DEMO_SECONDS`. */
export function createDemoPlan(seed = SEED): DemoStep[] {
  const random = createRandom(seed);
  const steps: DemoStep[] = [
    ...EVENTS.map(([seconds, event]) => ({ atMs: seconds * 1_000, kind: "event", event }) as const),
    ...DEMO_CALLERS.flatMap((caller) => readsOf(caller, random)),
    ...moments(SESSION_CALLS.perSecond, SESSION_CALLS.active, random).map((atMs) =>
      sessionRead(atMs, random),
    ),
  ];
  return steps.sort((a, b) => a.atMs - b.atMs);
}

function readsOf(caller: DemoCaller, random: Random): DemoStep[] {
  return moments(caller.callsPerSecond, caller.active, random).map((atMs) => ({
    atMs,
    kind: "read",
    caller: caller.name,
    path: caller.path(random),
    refreshes: caller.name === "Cache warmer",
  }));
}

/** About as many moments as the rate gives, at random distances. */
function moments(perSecond: number, [from, until]: readonly [number, number], random: Random): number[] {
  const found: number[] = [];
  for (
    let at = from + random.fraction() / perSecond;
    at < until;
    at += (0.4 + 1.2 * random.fraction()) / perSecond
  )
    found.push(Math.round(at * 1_000));
  return found;
}

function sessionRead(atMs: number, random: Random): DemoStep {
  const member = random.int(0, DEMO_MEMBERS.length - 1);
  const own = DEMO_MEMBERS[member]?.organization_id;
  const path = random.chance(0.1) ? "globex" : String(own);
  return { atMs, kind: "session", member, path: `/v1/b2b/organizations/${path}` };
}
