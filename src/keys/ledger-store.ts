/** The ledger of a key's tokens, in the storage of the key's object. */
import { fullBucket, type Limit } from "../limits/bucket.ts";
import { allocate, changeLedgerLimit, createLedger, type Ledger } from "../limits/bucket-ledger.ts";
import type { TokenRequest, TokenResponse } from "../limits/messages.ts";

const BUCKET_KEY = "bucket";

export class LedgerStore {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  allocateTokens(limit: Limit, request: TokenRequest, now: number): TokenResponse {
    const { ledger, response, changed } = allocate(this.#ledger(limit, now), limit, request, now);
    // A refusal writes nothing: what has refilled since is computed anew.
    if (changed) this.#kv.put(BUCKET_KEY, ledger);
    return response;
  }

  /** The ledger outlives its limit, so that no grant can be taken for one of the next limit. */
  changeLimit(from: Limit | null, to: Limit | null): void {
    if (to === null) return;
    const now = Date.now();
    const ledger = this.#ledger(from ?? to, now);
    this.#kv.put(BUCKET_KEY, changeLedgerLimit(ledger, from, to, now));
  }

  #ledger(limit: Limit, now: number): Ledger {
    const stored = this.#kv.get<Ledger>(BUCKET_KEY);
    // An early version stored a bucket without grants.
    return stored === undefined
      ? createLedger(fullBucket(limit, now))
      : { ...createLedger(stored), ...stored };
  }
}
