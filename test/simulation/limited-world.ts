/**
 * A rate limit on a virtual clock: isolates and the object of one key, with the decisions of the product (`allowance.ts`, `grant.ts`) and everything
 * between them made up here: how long messages take, which are lost, when isolates end, and whose clocks are wrong.
 */

import { type Bucket, fullBucket, type Limit, takeToken } from "../../src/limits/bucket.ts";
import {
  allocate,
  createLedger,
  holdMs,
  type Ledger,
  type TokenResponse,
} from "../../src/limits/bucket-ledger.ts";
import {
  addWaiter,
  applyResponse,
  available,
  countCall,
  createRequest,
  isKnownEmpty,
  isPrefetchPending,
  pollIntervalMs,
  requestEnded,
  requestFailed,
  reservePrefetched,
  shouldPrefetch,
  type TokenPool,
  type TokenPools,
  takeHeld,
  takeLocally,
} from "../../src/limits/token-pool.ts";

export interface Setting {
  readonly seed: number;
  readonly limit: Limit;
  /** Otherwise full. */
  readonly beginsEmpty?: boolean;
  readonly isolates: number;
  /** LEASE_SECONDS, in ms. */
  readonly leaseMs?: number;
  /** How long a message takes, one way, in ms: at least, at most. */
  readonly delayMs: readonly [number, number];
  /** The share of messages that never arrive, questions and answers alike. */
  readonly lost?: number;
  /** The share of questions that the object takes in twice, as where a call is tried again that had been made. */
  readonly twice?: number;
  /** How often a second one of the isolates ends, with all that it holds. */
  readonly endsPerSecond?: number;
  readonly calls: readonly Call[];
}

/** When, in ms from the beginning, and in which isolate. */
export type Call = readonly [ms: number, isolate: number];

export interface Outcome {
  /** When each call was admitted by a token of the object, in ms from the beginning, in order: when its token was spent. */
  readonly admitted: readonly number[];
  /** By isolates that the object had not answered. */
  readonly alone: number;
  readonly refused: number;
  /** Tokens in hand at the end. */
  readonly unspent: number;
  readonly objectCalls: number;
}

/** The longest that a call waits for the object. */
const WAIT_MS = 1_000;
const KEY = "key";

/** Numbers from 0 to 1, the same for a seed. */
export function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

interface Isolate {
  readonly name: string;
  readonly allowances: TokenPools;
  readonly clockIsAhead: number;
  leasedAt: number;
  isRenewing: boolean;
}

export function simulate(setting: Setting): Outcome {
  const { limit, delayMs, lost = 0, twice = 0, leaseMs = 5_000 } = setting;
  const random = randomOf(setting.seed);
  const between = (least: number, most: number) => Math.floor(least + random() * (most - least));
  const agenda = newAgenda();
  const objectIsAhead = between(-5_000, 5_000);
  let account: Ledger = createLedger(
    setting.beginsEmpty ? { level: 0, at: objectIsAhead } : fullBucket(limit, objectIsAhead),
  );
  let isolatesSoFar = 0;
  const newIsolate = (): Isolate => ({
    name: `isolate ${isolatesSoFar++}`,
    allowances: new Map(),
    clockIsAhead: between(-10_000, 10_000),
    leasedAt: Number.NEGATIVE_INFINITY,
    isRenewing: false,
  });
  const isolates = Array.from({ length: setting.isolates }, newIsolate);
  const admitted: number[] = [];
  let [alone, refused, objectCalls] = [0, 0, 0];
  let objectKeeps = false;

  /** `onAnswer`: with when the object decided, or null where nothing was heard of it. */
  function ask(
    isolate: Isolate,
    needsToken: boolean,
    onAnswer: (granted: boolean | null, decidedAt: number | null) => void,
  ) {
    objectCalls += 1;
    const askedAt = agenda.now() + isolate.clockIsAhead;
    const allowance = isolate.allowances.get(KEY);
    const question = createRequest(
      allowance,
      { isolateId: isolate.name, ttlMs: leaseMs, needsToken },
      askedAt,
    );
    if (needsToken && allowance !== undefined) addWaiter(allowance, askedAt);
    let isOver = false;
    const end = (then: () => void) => {
      if (isOver) return;
      isOver = true;
      then();
      if (allowance !== undefined) requestEnded(allowance, question, askedAt, needsToken);
    };
    const arrive = (then: () => void) => {
      if (random() >= lost) agenda.after(between(...delayMs), then);
    };
    arrive(() => {
      const decide = () => {
        const decided = allocate(account, limit, question, agenda.now() + objectIsAhead);
        account = decided.account;
        return decided.answer;
      };
      const reply = (decided: TokenResponse) => {
        const decidedAt = agenda.now();
        arrive(() =>
          end(() => {
            applyResponse(
              isolate.allowances,
              KEY,
              decided,
              leaseMs,
              askedAt,
              agenda.now() + isolate.clockIsAhead,
            );
            isolate.leasedAt = Math.max(isolate.leasedAt, askedAt);
            onAnswer(decided.granted, decidedAt);
          }),
        );
      };
      if (random() < twice) decide();
      const decided = decide();
      const ms = objectKeeps ? null : holdMs(decided);
      if (ms === null) return reply(decided);
      objectKeeps = true;
      agenda.after(ms, () => {
        objectKeeps = false;
        reply(decide());
      });
    });
    agenda.after(WAIT_MS, () =>
      end(() => {
        if (allowance !== undefined) requestFailed(allowance);
        onAnswer(null, null);
      }),
    );
  }

  function renew(isolate: Isolate): void {
    if (isolate.isRenewing) return;
    isolate.isRenewing = true;
    ask(isolate, false, () => {
      isolate.isRenewing = false;
    });
  }

  /** In the order of `admit` and `takeToken`. */
  function call(isolate: Isolate): void {
    const now = agenda.now() + isolate.clockIsAhead;
    const age = now - isolate.leasedAt;
    const known = isolate.allowances.get(KEY);
    if (known !== undefined) countCall(known, now);
    if (known !== undefined && age < leaseMs) {
      if (age >= leaseMs / 2) renew(isolate);
      if (isDecided(isolate, known)) return;
      if (reservePrefetched(known, now)) {
        waitFor(isolate, known);
        return;
      }
    }
    askForCall(isolate, now);
  }

  /** By what the isolate holds and knows. */
  function isDecided(isolate: Isolate, allowance: TokenPool): boolean {
    const now = agenda.now() + isolate.clockIsAhead;
    if (takeHeld(allowance, now)) {
      admitted.push(agenda.now());
      if (shouldPrefetch(allowance, now)) renew(isolate);
      return true;
    }
    const isRefused = isKnownEmpty(allowance, now);
    if (isRefused) refused += 1;
    return isRefused;
  }

  /** As `spendComing`. */
  function waitFor(isolate: Isolate, allowance: TokenPool): void {
    agenda.after(pollIntervalMs(allowance), () => {
      const now = agenda.now() + isolate.clockIsAhead;
      if (available(allowance, now) === 0 && isPrefetchPending(allowance, now)) waitFor(isolate, allowance);
      else if (!isDecided(isolate, allowance)) askForCall(isolate, now);
    });
  }

  function askForCall(isolate: Isolate, now: number): void {
    const known = isolate.allowances.get(KEY);
    ask(isolate, true, (granted, decidedAt) => {
      const later = agenda.now() + isolate.clockIsAhead;
      const allowance = isolate.allowances.get(KEY);
      if (known === undefined && allowance !== undefined) countCall(allowance, now);
      if (granted && decidedAt !== null) admitted.push(decidedAt);
      else if (allowance !== undefined && takeHeld(allowance, later)) admitted.push(agenda.now());
      else if (granted === null && allowance !== undefined && takeLocally(allowance, later)) alone += 1;
      else refused += 1;
    });
  }

  for (const [ms, index] of setting.calls) {
    agenda.after(ms, () => {
      const isolate = isolates[index];
      if (isolate !== undefined) call(isolate);
    });
  }
  const lastMs = setting.calls.at(-1)?.[0] ?? 0;
  for (let ms = 0; ms < lastMs; ms += 100) {
    if (random() < (setting.endsPerSecond ?? 0) / 10) {
      agenda.after(ms, () => void isolates.splice(between(0, isolates.length), 1, newIsolate()));
    }
  }
  agenda.run();
  const unspent = isolates.reduce((total, { allowances, clockIsAhead }) => {
    const allowance = allowances.get(KEY);
    return total + (allowance === undefined ? 0 : available(allowance, lastMs + clockIsAhead));
  }, 0);
  return { admitted: admitted.sort((a, b) => a - b), alone, refused, unspent, objectCalls };
}

/** Whether a single bucket, full at first, would have admitted these calls: then no stretch of them exceeds the bound. Whole numbers only. */
export function isWithin(limit: Limit, admitted: readonly number[]): boolean {
  let bucket: Bucket = fullBucket(limit, admitted[0] ?? 0);
  return admitted.every((ms) => {
    const taken = takeToken(bucket, limit, ms);
    bucket = taken.bucket;
    return taken.granted;
  });
}

/** How many of the calls a single bucket at hand would have admitted. */
export function mostOf({ limit, calls, beginsEmpty }: Setting): number {
  let bucket: Bucket = beginsEmpty ? { level: 0, at: 0 } : fullBucket(limit, 0);
  let admitted = 0;
  for (const [ms] of calls) {
    const taken = takeToken(bucket, limit, ms);
    bucket = taken.bucket;
    if (taken.granted) admitted += 1;
  }
  return admitted;
}

/** Calls that come by chance, `weights` of them in each isolate; `bursts`: all of a second in its first tenth. */
export function callsByChance(
  random: () => number,
  perSecond: number,
  seconds: number,
  weights: readonly number[],
  bursts = false,
): Call[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const calls: Call[] = [];
  for (let ms = 0; ms < seconds * 1_000; ms += untilNext(perSecond, random)) {
    let rest = random() * total;
    const index = weights.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    const at = bursts ? Math.floor(ms / 1_000) * 1_000 + (ms % 1_000) / 10 : ms;
    calls.push([Math.floor(at), Math.max(0, index)]);
  }
  return calls;
}

/** How long until the next of what comes by chance, in ms. */
const untilNext = (perSecond: number, random: () => number) => (-Math.log(1 - random()) / perSecond) * 1_000;

/** Calls at a steady rate, in the isolates one after the other. */
export function steadyCalls(perSecond: number, seconds: number, isolates = 1): Call[] {
  return Array.from({ length: Math.floor(perSecond * seconds) }, (_, i) => [
    Math.ceil((i * 1_000) / perSecond),
    i % isolates,
  ]);
}

/** What is to happen, in order; of the same time, what was planned first. A binary heap. */
function newAgenda() {
  interface Planned {
    readonly at: number;
    readonly number: number;
    readonly happen: () => void;
  }
  const heap: Planned[] = [];
  let now = 0;
  let planned = 0;
  const isBefore = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.at < other.at || (one.at === other.at && one.number < other.number);
  };
  const swap = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return;
    heap[a] = other;
    heap[b] = one;
  };
  function next(): Planned | undefined {
    swap(0, heap.length - 1);
    const first = heap.pop();
    for (let i = 0; ; ) {
      const least = [2 * i + 1, 2 * i + 2].reduce((best, child) => (isBefore(child, best) ? child : best), i);
      if (least === i) return first;
      swap(i, least);
      i = least;
    }
  }
  return {
    now: () => now,
    after: (ms: number, happen: () => void) => {
      heap.push({ at: now + ms, number: planned++, happen });
      for (let i = heap.length - 1; i > 0 && isBefore(i, (i - 1) >> 1); i = (i - 1) >> 1)
        swap(i, (i - 1) >> 1);
    },
    run: () => {
      for (let one = next(); one !== undefined; one = next()) {
        now = one.at;
        one.happen();
      }
    },
  };
}
