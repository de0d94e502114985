/**
 * The link that hands a key over, in the storage of the key's object: one at most, for the latest generation. It is
 * stored beside the record, since the record is sent with every lease.
 */
import { type KeyRecord, statusOf } from "./record.ts";

const HANDOVER_KEY = "handover";

/** What is asked for when a key is issued. */
export interface HandoverOrder {
  /** The hash of the token; see `handover-token.ts`. */
  readonly hash: string;
  readonly seconds: number;
}

interface Handover {
  readonly hash: string;
  /** Exact, ms since the epoch. */
  readonly expiresAt: number;
  /** The generation of the key that the link stands for. */
  readonly generation: number;
}

/** Synchronous: what it writes is stored together with what its caller writes in the same turn. */
export class HandoverStore {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  /** Keeps the link that is ordered for the key of this record, if any. Returns what the audit log says of it. */
  add(order: HandoverOrder | null, { generation }: KeyRecord, now: number) {
    if (order === null) return {};
    const { hash, seconds } = order;
    this.#kv.put<Handover>(HANDOVER_KEY, { hash, expiresAt: now + seconds * 1_000, generation });
    return { handover_seconds: seconds };
  }

  /** True, once, if the token with this hash hands the key over `now`, in ms since the epoch. A refusal writes nothing. */
  take(record: KeyRecord, hash: string, now: number): boolean {
    const handover = this.#kv.get<Handover>(HANDOVER_KEY);
    const isValid =
      handover?.hash === hash &&
      // A rotation ends the link of the generation before by this alone.
      handover.generation === record.generation &&
      now < handover.expiresAt &&
      statusOf(record, now) === "active";
    if (isValid) this.#kv.delete(HANDOVER_KEY);
    return isValid;
  }
}
