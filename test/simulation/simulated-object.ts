/** The object of the simulated key. */
import { fullBucket } from "../../src/limits/bucket.ts";
import { allocate, createLedger, type Ledger } from "../../src/limits/bucket-ledger.ts";
import { callDelayMs } from "../../src/limits/grant-policy.ts";
import type { TokenRequest, TokenResponse } from "../../src/limits/messages.ts";
import { between, type World } from "./world.ts";

/** Decides as `ApiKey.lease` does. */
export class SimulatedObject {
  readonly #world: World;
  readonly #clockOffset: number;
  #ledger: Ledger;
  #isHolding = false;

  constructor(world: World) {
    this.#world = world;
    this.#clockOffset = between(world.random, -5_000, 5_000);
    const { beginsEmpty, limit } = world.setting;
    this.#ledger = createLedger(
      beginsEmpty ? { level: 0, at: this.#clockOffset } : fullBucket(limit, this.#clockOffset),
    );
  }

  handle(request: TokenRequest, respond: (response: TokenResponse) => void): void {
    const { random, setting, agenda } = this.#world;
    if (random() < (setting.twice ?? 0)) this.#decide(request);
    const response = this.#decide(request);
    const ms = this.#isHolding ? null : callDelayMs(response);
    if (ms === null) {
      respond(response);
      return;
    }
    this.#isHolding = true;
    agenda.after(ms, () => {
      this.#isHolding = false;
      respond(this.#decide(request));
    });
  }

  #decide(request: TokenRequest): TokenResponse {
    const { setting, agenda } = this.#world;
    const decided = allocate(this.#ledger, setting.limit, request, agenda.now() + this.#clockOffset);
    this.#ledger = decided.ledger;
    return decided.response;
  }
}
