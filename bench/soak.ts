/**
 * `npm run soak`: mixed traffic over a real socket for five minutes (`-- --seconds 60`: for one). Every half minute,
 * Stytch fails in another way. Prints the wrong responses and the memory of Postern's isolate; with `--json`, as one
 * document. Exits with 1 if anything was wrong.
 */
import { parseArgs } from "node:util";
import { SECRETS } from "../dev/credentials.ts";
import { startSandboxedPostern } from "../dev/sandboxed-postern.ts";
import { openHeap } from "./heap.ts";
import { type Caller, createCallers, LIMIT, type SoakResponse } from "./soak-traffic.ts";

const { values: options } = parseArgs({
  options: { seconds: { type: "string", default: "300" }, json: { type: "boolean", default: false } },
});
const SECONDS = Number(options.seconds);
const CONCURRENCY = 24;
/** A round: Stytch works, then fails for `FAULT_MS`, then works again for `RECOVERY_MS`. */
const ROUND_MS = 30_000;
const FAULT_MS = 8_000;
const RECOVERY_MS = 8_000;
/**
 * How long after a fault a call may begin and still get a 5xx: calls under way end by their deadline of 2 s, and the
 * circuit, or the `Retry-After` of a 429, lasts for 2 s more.
 */
const AFTERMATH_MS = 4_500;
/** The deadline of a call to Stytch, the call of the object, and a margin for a busy machine. */
const MAX_RESPONSE_MS = 4_500;
/** Between two measurements of memory. */
const MEMORY_INTERVAL_MS = Math.max(1_000, (SECONDS * 1_000) / 20);

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

/** What callers saw during one phase. */
interface PhaseStats {
  calls: number;
  statuses: Record<string, number>;
  /** Responses from the cache that were no longer fresh. */
  stale: number;
  longestMs: number;
}

const postern = await startSandboxedPostern({ LOG_HIT_SAMPLE_RATE: "0", UPSTREAM_TIMEOUT_MS: "2000" }, true);
const heap = await openHeap(postern.inspector);
const callers = await createCallers(postern);
const startedAt = performance.now();
const elapsedMs = () => performance.now() - startedAt;
/** What was wrong, and how often. */
const violations = new Map<string, number>();
/** By phase: the name of the fault, "none", "recovering", or "changing" for calls across two phases. */
const statsByPhase = new Map<string, PhaseStats>();
/** When calls of the limited key began that were not refused. */
const limitedCallsAt: number[] = [];
/** How long after the end of a fault the last call began that still got a 5xx. */
let latestAfterFaultMs = 0;
const heapMegabytes: number[] = [];

const addViolation = (text: string) => void violations.set(text, (violations.get(text) ?? 0) + 1);

/** The current fault, "none" before it, or "recovering" after it. */
function currentPhase(): string {
  const inRound = elapsedMs() % ROUND_MS;
  const faultStartMs = ROUND_MS - FAULT_MS - RECOVERY_MS;
  if (inRound < faultStartMs) return "none";
  return inRound < faultStartMs + FAULT_MS ? faultName(faultAt(elapsedMs())) : "recovering";
}
const faultAt = (ms: number) => FAULTS[Math.floor(ms / ROUND_MS) % FAULTS.length] ?? FAULTS[0];
const faultName = (fault: (typeof FAULTS)[number]) =>
  "status" in fault ? `status ${fault.status}` : fault.kind;

async function switchFaults(): Promise<void> {
  let current = "none";
  while (elapsedMs() < SECONDS * 1_000) {
    const phase = currentPhase();
    if (phase !== current) {
      await postern.control("DELETE", "faults");
      if (phase !== "none" && phase !== "recovering") {
        await postern.control("POST", "faults", faultAt(elapsedMs()));
      }
      current = phase;
    }
    if (elapsedMs() >= heapMegabytes.length * MEMORY_INTERVAL_MS) heapMegabytes.push(await heap.megabytes());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function call(caller: Caller): Promise<void> {
  const { path, headers, rule } = caller.next();
  const beganAt = elapsedMs();
  const phaseBefore = currentPhase();
  let response: SoakResponse;
  try {
    const answer = await fetch(postern.url + path, { headers, signal: AbortSignal.timeout(10_000) });
    response = { status: answer.status, headers: answer.headers, body: await answer.text() };
  } catch (error) {
    addViolation(`${caller.name}: no response: ${String(error)}`);
    return;
  }
  if (caller.name === "a limited key" && response.status !== 429) limitedCallsAt.push(beganAt);
  const phaseAfter = currentPhase();
  const isFaulty = phaseBefore !== "none" || phaseAfter !== "none";
  recordCall(phaseBefore === phaseAfter ? phaseAfter : "changing", response, elapsedMs() - beganAt);
  if (SECRETS.some((secret) => response.body.includes(secret))) {
    addViolation(`${caller.name}: the response contains a secret`);
  }
  if (elapsedMs() - beganAt > MAX_RESPONSE_MS) {
    addViolation(`${caller.name}: a response after ${MAX_RESPONSE_MS} ms`);
  }
  if (response.status >= 500) {
    const afterFaultMs = phaseBefore === "recovering" ? (beganAt % ROUND_MS) - (ROUND_MS - RECOVERY_MS) : 0;
    latestAfterFaultMs = Math.max(latestAfterFaultMs, Math.round(afterFaultMs));
    if (!isFaulty || afterFaultMs > AFTERMATH_MS || !isUpstreamFailure(response)) {
      addViolation(
        `${caller.name}: ${response.status} in phase "${phaseAfter}": ${response.body.slice(0, 150)}`,
      );
    }
    return;
  }
  const problem = rule(response);
  if (problem !== null) addViolation(`${caller.name}: ${problem}`);
}

/** True if the response has a status, the fields and a type of a failure of Stytch. */
function isUpstreamFailure({ status, body }: SoakResponse): boolean {
  const fields = ["error_message", "error_type", "error_url", "request_id", "status_code"];
  const error = JSON.parse(body) as Record<string, unknown>;
  const hasFields = JSON.stringify(Object.keys(error).sort()) === JSON.stringify(fields);
  return [502, 503, 504].includes(status) && hasFields && String(error["error_type"]).startsWith("upstream_");
}

function recordCall(phase: string, response: SoakResponse, ms: number): void {
  const stats = statsByPhase.get(phase) ?? { calls: 0, statuses: {}, stale: 0, longestMs: 0 };
  statsByPhase.set(phase, stats);
  stats.calls += 1;
  stats.statuses[response.status] = (stats.statuses[response.status] ?? 0) + 1;
  if (/ttl=-/.test(response.headers.get("Cache-Status") ?? "")) stats.stale += 1;
  stats.longestMs = Math.max(stats.longestMs, Math.round(ms));
}

const totalWeight = callers.reduce((total, { weight }) => total + weight, 0);
async function keepCalling(): Promise<void> {
  while (elapsedMs() < SECONDS * 1_000) {
    let rest = Math.random() * totalWeight;
    const caller = callers.find(({ weight }) => {
      rest -= weight;
      return rest < 0;
    });
    if (caller !== undefined) await call(caller);
  }
}

await Promise.all([switchFaults(), ...Array.from({ length: CONCURRENCY }, keepCalling)]);
await postern.control("DELETE", "faults");
await new Promise((resolve) => setTimeout(resolve, 3_000));
/** What is wrong when all faults are over. */
const afterwards: string[] = [];
for (const caller of callers) {
  const { path, headers, rule } = caller.next();
  const response = await fetch(postern.url + path, { headers });
  const problem = rule({ status: response.status, headers: response.headers, body: await response.text() });
  if (problem !== null) afterwards.push(`${caller.name}: ${problem}`);
}
heapMegabytes.push(await heap.megabytes());
heap.close();
const logs = postern.logs().join("\n");
if (SECRETS.some((secret) => logs.includes(secret))) addViolation("the log contains a secret");
checkLimit();
await postern.stop();
report();
process.exit(violations.size + afterwards.length > 0 ? 1 : 0);

/** No two periods may have more calls than the limit allows, plus a margin, because calls are timed when they are sent. */
function checkLimit(): void {
  const rate = LIMIT.limit / LIMIT.period_seconds;
  const marginMs = 1_000;
  limitedCallsAt.sort((a, b) => a - b);
  for (const [index, startAt] of limitedCallsAt.entries()) {
    const inTwoPeriods = limitedCallsAt
      .slice(index)
      .filter((at) => at <= startAt + 2_000 * LIMIT.period_seconds).length;
    if (inTwoPeriods > LIMIT.limit + (2 * LIMIT.period_seconds + marginMs / 1_000) * rate) {
      addViolation(`a limited key: ${inTwoPeriods} calls in two periods`);
      return;
    }
  }
}

function report(): void {
  const calls = [...statsByPhase.values()].reduce((total, stats) => total + stats.calls, 0);
  const result = {
    seconds: SECONDS,
    calls,
    perSecond: Math.round(calls / SECONDS),
    during: Object.fromEntries(statsByPhase),
    wrong: Object.fromEntries(violations),
    afterwards,
    latestAfterFaultMs,
    heapMegabytes,
  };
  if (options.json) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(`${calls} calls in ${SECONDS} s, ${result.perSecond} a second, ${CONCURRENCY} at once\n`);
  console.table(
    Object.fromEntries(
      [...statsByPhase].map(([phase, { statuses, ...rest }]) => [
        phase,
        {
          ...rest,
          statuses: Object.entries(statuses)
            .map(([code, count]) => `${code}: ${count}`)
            .join(", "),
        },
      ]),
    ),
  );
  console.log(`The last call that got a 5xx began ${latestAfterFaultMs} ms after the end of a fault.`);
  const interval = `every ${MEMORY_INTERVAL_MS / 1_000} s`;
  console.log(`Postern's heap in MB after garbage collection, ${interval}: ${heapMegabytes.join(" ")}`);
  for (const [text, count] of violations) console.log(`WRONG, ${count} times: ${text}`);
  for (const text of afterwards) console.log(`WRONG after all faults were over: ${text}`);
  if (violations.size + afterwards.length === 0) console.log("No response was wrong.");
}
