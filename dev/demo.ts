/**
 * `npm start -- --demo`: about a minute of traffic, so that the console has something to show. It goes through the
 * routes that everybody has, and ends by itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createDemoDeployment, type DemoDeployment, type DemoTarget } from "./demo-deployment.ts";
import { DEMO_EVENTS } from "./demo-events.ts";
import { createDemoPlan, DEMO_SECONDS, type DemoStep } from "./demo-plan.ts";

/** With these, an answer is fresh for a short time, so that a minute shows stale ones. */
export const DEMO_VARS: Readonly<Record<string, string>> = { CACHE_FRESH_SECONDS: "10" };

/** When the key for a while expires, as a share of the demo. */
const EXPIRY_SHARE = 0.5;
/** More than the callers together need while Stytch is slow. */
const MAX_IN_FLIGHT = 64;

export interface DemoOptions {
  readonly signal: AbortSignal;
  /** Receives a line of text for each thing that happens. */
  readonly onLine: (line: string) => void;
  /** By how much the demo runs faster than the clock. Default: 1. */
  readonly speed?: number;
}

/** How many calls were answered with each status; 0 stands for no answer. */
export type DemoStatuses = Map<number, number>;

/** Resolves when the demo is over or was aborted. Never rejects: a failure ends it with a line that says so. */
export async function runDemo(target: DemoTarget, options: DemoOptions): Promise<DemoStatuses> {
  const { signal, speed = 1 } = options;
  const statuses: DemoStatuses = new Map();
  const deployment = createDemoDeployment(target, signal);
  const say = (text: string) => {
    if (!signal.aborted) options.onLine(`Demo: ${text}.`);
  };
  try {
    const endsAt = new Date(Date.now() + (DEMO_SECONDS * 1_000 * EXPIRY_SHARE) / speed);
    await deployment.prepare(endsAt.toISOString());
    say("a minute of traffic begins, by ten keys and four members. Ctrl-C ends it");
    await play(deployment, { ...options, speed, statuses, say });
    say(`it is over: ${summaryOf(statuses)}`);
  } catch (error) {
    say(`it ended early: ${messageOf(error)}`);
  }
  await deployment.cleanUp().catch(() => undefined);
  return statuses;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

interface Play extends Required<DemoOptions> {
  readonly statuses: DemoStatuses;
  readonly say: (text: string) => void;
}

async function play(deployment: DemoDeployment, { signal, speed, statuses, say }: Play): Promise<void> {
  const startedAt = performance.now();
  const inFlight = new Set<Promise<void>>();
  for (const step of createDemoPlan()) {
    await sleepUntil(startedAt + step.atMs / speed, signal);
    if (step.kind === "event") {
      const { text, run } = DEMO_EVENTS[step.event];
      say(`${Math.round(step.atMs / 1_000)} s: ${text}`);
      await run(deployment).catch((error: unknown) => say(`that failed: ${messageOf(error)}`));
      continue;
    }
    const call = count(statuses, readStep(deployment, step)).finally(() => inFlight.delete(call));
    inFlight.add(call);
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
}

async function readStep(
  deployment: DemoDeployment,
  step: Exclude<DemoStep, { kind: "event" }>,
): Promise<number> {
  if (step.kind === "session") return await deployment.read(step.path, deployment.sessionOf(step.member));
  const headers = step.refreshes ? { "Postern-Cache": "refresh" } : {};
  return await deployment.read(step.path, deployment.keyOf(step.caller).key, headers);
}

/** A call that fails is a part of the show: it is counted, and the demo goes on. */
async function count(statuses: DemoStatuses, call: Promise<number>): Promise<void> {
  const status = await call.catch(() => 0);
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
}

/** Throws once the signal is aborted. */
async function sleepUntil(at: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const ms = at - performance.now();
  if (ms > 0) await sleep(ms, undefined, { signal });
}

const SUMMARY: readonly (readonly [text: string, statuses: readonly number[]])[] = [
  ["answered", [200]],
  ["refused", [401, 403]],
  ["not found", [404]],
  ["over a limit", [429]],
  ["failed", [500, 502, 503, 504]],
  ["without an answer", [0]],
];

function summaryOf(statuses: DemoStatuses): string {
  const all = [...statuses.values()].reduce((sum, each) => sum + each, 0);
  const parts = SUMMARY.flatMap(([text, group]) => {
    const calls = group.reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
    return calls === 0 ? [] : [`${calls} ${text}`];
  });
  return `${all} calls, ${parts.join(", ")}`;
}
