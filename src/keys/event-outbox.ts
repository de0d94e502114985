/**
 * A transactional outbox: the events of a key that the Directory has not listed yet. A change of the record and its
 * event are written in one turn, so neither is stored without the other. The event is then delivered at once, or by an
 * alarm if that fails, until the Directory has it.
 */
import { getDirectory } from "../directory/directory-client.ts";
import { withTimeout } from "../platform/timeout.ts";
import type { KeyEdit } from "./policy.ts";
import type { KeyRecord } from "./record.ts";

const PENDING_EVENTS_KEY = "unreported";
const DELIVERY_RETRY_MS = 10_000;
/** The longest that a change waits for the Directory. */
const DELIVERY_TIMEOUT_MS = 2_000;

type DetailValue =
  | string
  | number
  | readonly string[]
  | KeyEdit
  | NonNullable<KeyRecord["fields"] | KeyRecord["rate_limit"]>;

/** An entry of the audit log. It never contains a key. */
export interface KeyEvent {
  /** Unique, so that the Directory lists an event once even if it is delivered twice. */
  readonly id: string;
  readonly at: string;
  readonly action:
    | "key.created"
    | "key.updated"
    | "key.rotated"
    | "key.revoked"
    | "key.handed_over"
    | "key.imported";
  /** Who made the change. An event of an early version has none. */
  readonly actor?: string | undefined;
  readonly key_id: string;
  readonly detail: Readonly<Record<string, DetailValue>>;
}

/** The event of the change that gave the record its `version`. `actor`: undefined if it is not known. `at`: RFC 3339. */
export function createEvent(
  { key_id, version }: KeyRecord,
  actor: string | undefined,
  action: KeyEvent["action"],
  detail: KeyEvent["detail"],
  at: string,
): KeyEvent {
  return { id: `${key_id}.${String(version).padStart(9, "0")}`, at, action, actor, key_id, detail };
}

export class EventOutbox {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#storage = storage;
    this.#env = env;
  }

  /**
   * Writes the event before the first pause, so it is stored together with whatever the caller wrote in the same turn.
   */
  async add(event: KeyEvent): Promise<void> {
    this.#storage.kv.put(PENDING_EVENTS_KEY, [...this.#pending(), event]);
    await this.retryLater();
  }

  /** Sends the pending events and the record to the Directory. Rejects if it fails or takes more than 2 s. */
  async deliver(record: KeyRecord | null): Promise<void> {
    await withTimeout(DELIVERY_TIMEOUT_MS, this.#deliver(record));
  }

  async #deliver(record: KeyRecord | null): Promise<void> {
    const events = this.#pending();
    if (record === null || events.length === 0) return;
    await getDirectory(this.#env).report(record, events);
    const delivered = new Set(events.map(({ id }) => id));
    // An event that was added meanwhile stays.
    const remaining = this.#pending().filter(({ id }) => !delivered.has(id));
    this.#storage.kv.put(PENDING_EVENTS_KEY, remaining);
    if (remaining.length === 0) await this.#storage.deleteAlarm();
  }

  /** Sets the alarm. The platform retries a failed alarm only a few times, so the alarm's handler calls this too. */
  async retryLater(): Promise<void> {
    await this.#storage.setAlarm(Date.now() + DELIVERY_RETRY_MS);
  }

  #pending(): KeyEvent[] {
    return this.#storage.kv.get<KeyEvent[]>(PENDING_EVENTS_KEY) ?? [];
  }
}
