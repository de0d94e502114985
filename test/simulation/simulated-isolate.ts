/** An isolate of the simulated world. */
import type { TokenPool } from "../../src/limits/token-pool.ts";
import {
  applyTokenResponse,
  createTokenPools,
  createTokenRequest,
  type TokenPools,
} from "../../src/limits/token-pools.ts";
import type { Turn } from "../../src/limits/token-queue.ts";
import type { SimulatedObject } from "./simulated-object.ts";
import { between, send, type World } from "./world.ts";

/** The longest that a call waits for the object. */
const OBJECT_TIMEOUT_MS = 1_000;
const KEY_ID = "key";

/** Keeps leases and calls the pool as `takeToken` and `fetchLease` do. */
export class SimulatedIsolate {
  readonly #world: World;
  readonly #object: SimulatedObject;
  readonly #name: string;
  readonly #clockOffset: number;
  readonly #leaseMs: number;
  readonly #pools: TokenPools = createTokenPools();
  #leasedAt = Number.NEGATIVE_INFINITY;
  #isRenewing = false;
  /** When the object decided on the question that ends now. */
  #decidedAt: number | null = null;

  constructor(world: World, object: SimulatedObject, name: string) {
    this.#world = world;
    this.#object = object;
    this.#name = name;
    this.#clockOffset = between(world.random, -10_000, 10_000);
    this.#leaseMs = world.setting.leaseMs ?? 5_000;
  }

  call(): void {
    const now = this.#now();
    const calledAt = this.#world.agenda.now();
    const pool = this.#pools.get(KEY_ID);
    pool?.recordCall(now);
    const age = now - this.#leasedAt;
    if (pool === undefined || age >= this.#leaseMs) {
      this.#askForToken(pool === undefined, calledAt);
      return;
    }
    if (age >= this.#leaseMs - Math.min(OBJECT_TIMEOUT_MS, this.#leaseMs / 2)) this.#renew();
    this.#take(pool, true, calledAt);
  }

  #take(pool: TokenPool, mayWait: boolean, calledAt: number): void {
    const now = this.#now();
    const outcome = pool.tryTake(now, mayWait);
    if (outcome === "taken") {
      this.#world.admitted.push(this.#world.agenda.now());
      this.#decided(calledAt);
      if (pool.shouldPrefetch(now)) this.#renew();
    } else if (outcome === "refused") {
      this.#world.refused += 1;
      this.#decided(calledAt);
    } else if (outcome === "ask") {
      this.#takeTurn(pool, calledAt);
    } else {
      this.#waitForPrefetch(pool, calledAt);
    }
  }

  #waitForPrefetch(pool: TokenPool, calledAt: number): void {
    const { agenda } = this.#world;
    let isOver = false;
    const goOn = () => {
      if (isOver) return;
      isOver = true;
      this.#take(pool, false, calledAt);
    };
    // A promise of another request goes on after the request that resolved it.
    pool.prefetchEnded.add(() => agenda.after(0, goOn));
    agenda.after(pool.prefetchTimeoutMs(this.#now()), goOn);
  }

  #takeTurn(pool: TokenPool, calledAt: number): void {
    const { agenda } = this.#world;
    let isOver = false;
    const goOn = (turn: Turn, decidedAt: number | null) => {
      if (isOver) return;
      isOver = true;
      if (turn === "ask") this.#askForAll(pool, calledAt);
      else this.#settle(turn === "granted" ? true : turn === "failed" ? null : false, decidedAt, calledAt);
    };
    const leave = pool.queue.join(this.#now(), (turn) => {
      const decidedAt = this.#decidedAt;
      agenda.after(0, () => goOn(turn, decidedAt));
    });
    if (leave === null) {
      this.#askForAll(pool, calledAt);
      return;
    }
    agenda.after(OBJECT_TIMEOUT_MS, () => {
      leave();
      goOn("ask", null);
    });
  }

  #askForAll(pool: TokenPool, calledAt: number): void {
    const question = pool.queue.begin(this.#now());
    this.#ask(1 + question.others.length, (granted, decidedAt, alsoGranted) => {
      this.#decidedAt = decidedAt;
      pool.queue.end(question, alsoGranted ?? "failed", this.#now());
      this.#settle(granted, decidedAt, calledAt);
    });
  }

  /** A call has the answer of the object; null if there was none. */
  #settle(granted: boolean | null, decidedAt: number | null, calledAt: number): void {
    const now = this.#now();
    this.#decided(calledAt);
    const pool = this.#pools.get(KEY_ID);
    if (granted && decidedAt !== null) this.#world.admitted.push(decidedAt);
    else if (pool?.takeHeld(now)) this.#world.admitted.push(this.#world.agenda.now());
    else if (granted === null && pool?.takeLocally(now)) this.#world.admittedLocally += 1;
    else this.#world.refused += 1;
  }

  /** The call that needs a lease asks for a token with it. */
  #askForToken(isFirst: boolean, calledAt: number): void {
    this.#ask(1, (granted, decidedAt) => {
      if (isFirst) this.#pools.get(KEY_ID)?.recordCall(calledAt + this.#clockOffset);
      this.#settle(granted, decidedAt, calledAt);
    });
  }

  /** A call that came at `calledAt` is admitted or refused. */
  #decided(calledAt: number): void {
    this.#world.waitsMs.push(this.#world.agenda.now() - calledAt);
  }

  #renew(): void {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    this.#ask(0, () => {
      this.#isRenewing = false;
    });
  }

  /** Calls `onEnd` once, with what the object decided and when; with nulls if there was no response in time. */
  #ask(
    calls: number,
    onEnd: (granted: boolean | null, decidedAt: number | null, alsoGranted: number | null) => void,
  ): void {
    const { agenda } = this.#world;
    this.#world.objectCalls += 1;
    const pool = this.#pools.get(KEY_ID);
    const request = createTokenRequest(pool, this.#now(), {
      isolateId: this.#name,
      ttlMs: this.#leaseMs,
      needsToken: calls > 0,
      ...(calls > 1 ? { alsoWaiting: calls - 1 } : {}),
      isProbe: calls > 0,
    });
    let isOver = false;
    const end = (then: () => void) => {
      if (isOver) return;
      isOver = true;
      then();
    };
    send(this.#world, () =>
      this.#object.handle(request.message, (response) => {
        const decidedAt = agenda.now();
        send(this.#world, () =>
          end(() => {
            applyTokenResponse(this.#pools, KEY_ID, pool, request, response, this.#now());
            this.#leasedAt = Math.max(this.#leasedAt, request.requestedAt);
            onEnd(response.granted, decidedAt, response.alsoGranted ?? 0);
          }),
        );
      }),
    );
    agenda.after(OBJECT_TIMEOUT_MS, () =>
      end(() => {
        pool?.requestFailed(request);
        onEnd(null, null, null);
      }),
    );
  }

  #now(): number {
    return this.#world.agenda.now() + this.#clockOffset;
  }
}
