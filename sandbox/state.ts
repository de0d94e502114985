/** Everything in the sandbox that changes; a restart or `reset` restores it. */

import { FaultQueue } from "./faults.ts";
import { RequestLog } from "./request-log.ts";
import { SessionSigner } from "./session-jwt.ts";
import { Store } from "./store.ts";

export class SandboxState {
  readonly store = new Store();
  readonly faults = new FaultQueue();
  readonly log = new RequestLog();
  /** Its key outlives a reset: JWKS are cached. */
  readonly signer = new SessionSigner();
  latencyMs = 0;

  reset(): void {
    this.store.reset();
    this.faults.clear();
    this.log.clear();
    this.latencyMs = 0;
  }
}
