/**
 * `npm run soak`: mixed traffic over a real socket for five minutes (`-- --seconds 60`: for one). Every half minute,
 * Stytch fails in another way. Prints the wrong responses and the memory of Postern's isolate; with `--json`, as one
 * document. Exits with 1 if anything was wrong.
 */
import { checkPositive, readOptions } from "../dev/command-line.ts";
import { SECRETS } from "../dev/credentials.ts";
import { startSandboxedPostern } from "../dev/sandboxed-postern.ts";
import { openHeap } from "./heap.ts";
import { faultAt, msAfterFault, phaseAt } from "./soak-faults.ts";
import { type PhaseStats, printResult } from "./soak-report.ts";
import { type Caller, createCallers, LIMIT, type SoakResponse } from "./soak-traffic.ts";

const options = readOptions({
  usage: `Usage: npm run soak -- [--seconds <n>] [--json]

Mixed traffic over a real socket. Every half minute, Stytch fails in another
way. Prints the wrong responses and the memory of Postern's isolate. Exits with
1 if anything was wrong.

Options:
  --seconds <n>  how long it takes (default: 300)
  --json         the result as one document`,
  options: { seconds: { type: "string", default: "300" }, json: { type: "boolean", default: false } },
  check: ({ seconds }) => checkPositive("seconds", seconds),
});
const SECONDS = Number(options.seconds);
const CONCURRENCY = 24;
/**
 * How long after a fault a call may begin and still get a 5xx: calls under way end by their deadline of 2 s, and the
 * circuit, or the `Retry-After` of a 429, lasts for 2 s more.
 */
const AFTERMATH_MS = 4_500;
/** The deadline of a call to Stytch, the call of the object, and a margin for a busy machine. */
const MAX_RESPONSE_MS = 4_500;
/** Between two measurements of memory. */
const MEMORY_INTERVAL_MS = Math.max(1_000, (SECONDS * 1_000) / 20);

const postern = await startSandboxedPostern(
  { LOG_HIT_SAMPLE_RATE: "0", UPSTREAM_TIMEOUT_MS: "2000" },
  { inspect: true },
);
const heap = await openHeap(postern);
const callers = await createCallers(postern);
const startedAt = performance.now();
const elapsedMs = () => performance.now() - startedAt;
const violations = new Map<string, number>();
const statsByPhase = new Map<string, PhaseStats>();
/** When calls of the limited key began that were not refused. */
const limitedCallsAt: number[] = [];
let latestAfterFaultMs = 0;
const heapMegabytes: number[] = [];

const addViolation = (text: string) => void violations.set(text, (violations.get(text) ?? 0) + 1);

const currentPhase = () => phaseAt(elapsedMs());

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
    const afterFaultMs = phaseBefore === "recovering" ? msAfterFault(beganAt) : 0;
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

/** No two periods may have more calls than the limit allows. A margin is added: calls are timed when they are sent. */
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
  if (options.json) console.log(JSON.stringify(result));
  else printResult(result, CONCURRENCY, MEMORY_INTERVAL_MS);
}
