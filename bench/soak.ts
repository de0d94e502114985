/**
 * `npm run soak`: mixed traffic over a real socket for five minutes (`-- --seconds 60`: shorter), with Stytch made to fail every half minute in
 * another way. Says which answers should not have been, and what Postern's isolate holds in memory. With `--json`, one document.
 * Ends with 1 where anything was wrong.
 */
import { parseArgs } from "node:util";
import { SECRETS } from "../dev/credentials.ts";
import { startSandboxedPostern } from "../dev/sandboxed-postern.ts";
import { openHeap } from "./heap.ts";
import { type Answer, type Caller, callersOf, LIMIT } from "./soak-traffic.ts";

const { values: options } = parseArgs({
  options: { seconds: { type: "string", default: "300" }, json: { type: "boolean", default: false } },
});
const SECONDS = Number(options.seconds);
const CONCURRENCY = 24;
/** Of a round: first Stytch works, then it is made to fail, and then there is some time to recover. */
const ROUND_MS = 30_000;
const FAULT_MS = 8_000;
const RECOVERY_MS = 8_000;
/**
 * How long after a fault a call that begins may still meet it: calls that began before it was over end by their deadline of 2 s, and the circuit, or a
 * 429's `Retry-After`, holds for 2 s more.
 */
const AFTERMATH_MS = 4_500;
/** The deadline of a call of Stytch, the way to an organization's object, and what a busy machine adds. */
const LONGEST_MS = 4_500;
/** How often memory is measured. */
const MEASURE_MS = Math.max(1_000, (SECONDS * 1_000) / 20);

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

/** A kind of fault, or of none, and what callers saw meanwhile. */
interface Seen {
  calls: number;
  statuses: Record<string, number>;
  /** Answers from the cache that were no longer fresh. */
  stale: number;
  longestMs: number;
}

const postern = await startSandboxedPostern({ LOG_HIT_SAMPLE_RATE: "0", UPSTREAM_TIMEOUT_MS: "2000" }, true);
const heap = await openHeap(postern.inspector);
const callers = await callersOf(postern);
const began = performance.now();
const elapsed = () => performance.now() - began;
const wrong = new Map<string, number>();
const seen = new Map<string, Seen>();
const limitedAt: number[] = [];
/** How long after the end of a fault the last call began that still met it. */
let latestMs = 0;
const memory: number[] = [];

const noteWrong = (what: string) => void wrong.set(what, (wrong.get(what) ?? 0) + 1);

/** What Stytch is made to do now; "recovering" after that. */
function phase(): string {
  const inRound = elapsed() % ROUND_MS;
  const faultAt = ROUND_MS - FAULT_MS - RECOVERY_MS;
  if (inRound < faultAt) return "none";
  return inRound < faultAt + FAULT_MS ? nameOf(faultOf(elapsed())) : "recovering";
}
const faultOf = (ms: number) => FAULTS[Math.floor(ms / ROUND_MS) % FAULTS.length] ?? FAULTS[0];
const nameOf = (fault: (typeof FAULTS)[number]) =>
  "status" in fault ? `status ${fault.status}` : fault.kind;

async function switchFaults(): Promise<void> {
  let current = "none";
  while (elapsed() < SECONDS * 1_000) {
    const now = phase();
    if (now !== current) {
      await postern.control("DELETE", "faults");
      if (now !== "none" && now !== "recovering") await postern.control("POST", "faults", faultOf(elapsed()));
      current = now;
    }
    if (elapsed() >= memory.length * MEASURE_MS) memory.push(await heap.megabytes());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function call(caller: Caller): Promise<void> {
  const { path, headers, rule } = caller.next();
  const at = elapsed();
  const phaseBefore = phase();
  let answer: Answer;
  try {
    const response = await fetch(postern.url + path, { headers, signal: AbortSignal.timeout(10_000) });
    answer = { status: response.status, headers: response.headers, body: await response.text() };
  } catch (error) {
    noteWrong(`${caller.name}: no answer: ${String(error)}`);
    return;
  }
  if (caller.name === "a limited key" && answer.status !== 429) limitedAt.push(at);
  const phaseNow = phase();
  const isFaulty = phaseBefore !== "none" || phaseNow !== "none";
  note(phaseBefore === phaseNow ? phaseNow : "changing", answer, elapsed() - at);
  if (SECRETS.some((secret) => answer.body.includes(secret))) noteWrong(`${caller.name}: a secret`);
  if (elapsed() - at > LONGEST_MS) noteWrong(`${caller.name}: an answer after ${LONGEST_MS} ms`);
  if (answer.status >= 500) {
    const late = phaseBefore === "recovering" ? (at % ROUND_MS) - (ROUND_MS - RECOVERY_MS) : 0;
    latestMs = Math.max(latestMs, Math.round(late));
    if (!isFaulty || late > AFTERMATH_MS || !isOfUpstream(answer)) {
      noteWrong(`${caller.name}: ${answer.status} with Stytch ${phaseNow}: ${answer.body.slice(0, 150)}`);
    }
    return;
  }
  const problem = rule(answer);
  if (problem !== null) noteWrong(`${caller.name}: ${problem}`);
}

/** A failure of Stytch, as the contract has it: one of its statuses, in the one shape. */
function isOfUpstream({ status, body }: Answer): boolean {
  const fields = ["error_message", "error_type", "error_url", "request_id", "status_code"];
  const error = JSON.parse(body) as Record<string, unknown>;
  const isInShape = JSON.stringify(Object.keys(error).sort()) === JSON.stringify(fields);
  return [502, 503, 504].includes(status) && isInShape && String(error["error_type"]).startsWith("upstream_");
}

function note(during: string, answer: Answer, ms: number): void {
  const one = seen.get(during) ?? { calls: 0, statuses: {}, stale: 0, longestMs: 0 };
  seen.set(during, one);
  one.calls += 1;
  one.statuses[answer.status] = (one.statuses[answer.status] ?? 0) + 1;
  if (/ttl=-/.test(answer.headers.get("Cache-Status") ?? "")) one.stale += 1;
  one.longestMs = Math.max(one.longestMs, Math.round(ms));
}

const weights = callers.reduce((total, { weight }) => total + weight, 0);
async function keepCalling(): Promise<void> {
  while (elapsed() < SECONDS * 1_000) {
    let rest = Math.random() * weights;
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
memory.push(await heap.megabytes());
heap.close();
const logs = postern.logs().join("\n");
if (SECRETS.some((secret) => logs.includes(secret))) noteWrong("the log: a secret");
checkLimit();
await postern.stop();
report();
process.exit(wrong.size + afterwards.length > 0 ? 1 : 0);

/** No stretch of time may have more calls than the bound. They are timed by when they were sent, so a little is allowed for that. */
function checkLimit(): void {
  const rate = LIMIT.limit / LIMIT.period_seconds;
  const slackMs = 1_000;
  limitedAt.sort((a, b) => a - b);
  for (const [index, from] of limitedAt.entries()) {
    const inTwoPeriods = limitedAt
      .slice(index)
      .filter((ms) => ms <= from + 2_000 * LIMIT.period_seconds).length;
    if (inTwoPeriods > LIMIT.limit + (2 * LIMIT.period_seconds + slackMs / 1_000) * rate) {
      noteWrong(`a limited key: ${inTwoPeriods} calls in two periods`);
      return;
    }
  }
}

function report(): void {
  const calls = [...seen.values()].reduce((total, one) => total + one.calls, 0);
  const result = {
    seconds: SECONDS,
    calls,
    perSecond: Math.round(calls / SECONDS),
    during: Object.fromEntries(seen),
    wrong: Object.fromEntries(wrong),
    afterwards,
    latestAfterFaultMs: latestMs,
    heapMegabytes: memory,
  };
  if (options.json) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(`${calls} calls in ${SECONDS} s, ${result.perSecond} a second, ${CONCURRENCY} at a time\n`);
  console.table(
    Object.fromEntries(
      [...seen].map(([name, { statuses, ...rest }]) => [
        name,
        {
          ...rest,
          statuses: Object.entries(statuses)
            .map(([code, count]) => `${code}: ${count}`)
            .join(", "),
        },
      ]),
    ),
  );
  console.log(`The last 5xx was of a call ${latestMs} ms after the end of a fault`);
  console.log(`Postern's heap in MB after a collection, every ${MEASURE_MS / 1_000} s: ${memory.join(" ")}`);
  for (const [what, count] of wrong) console.log(`WRONG, ${count} times: ${what}`);
  for (const what of afterwards) console.log(`WRONG after all faults were over: ${what}`);
  if (wrong.size + afterwards.length === 0) console.log("Nothing was answered that should not have been.");
}
