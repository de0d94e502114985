/**
 * The object of one key, and the only authority on it. Everything it answers is read from its own storage in one turn, so
 * calls see each other's effects in the order in which they came.
 *
 * What the Directory lists is a copy: each change is reported to it at once, and by alarm where that failed.
 */
import { DurableObject } from "cloudflare:workers";
import type { KeyRecord } from "./record.ts";

const RECORD = "record";
/** The platform itself tries a failing alarm again, with growing pauses. */
const REPORT_AGAIN_MS = 10_000;
/** The Directory's name: there is one. */
export const DIRECTORY = "directory";

export class ApiKey extends DurableObject<Env> {
  /** Issues the key. Returns when it is in force, and in the list if the Directory can be reached. */
  async create(record: KeyRecord): Promise<void> {
    if (this.#record() !== null) throw new Error("a key is issued once");
    await this.#change(record);
  }

  /** What a Worker may act on for the time of a lease; null where the key was never issued. The one hot call. */
  lease(): { readonly record: KeyRecord | null } {
    return { record: this.#record() };
  }

  /** Ends the key for good; null where it was never issued. A second revocation changes nothing. `at`: RFC 3339. */
  async revoke(at: string): Promise<KeyRecord | null> {
    const record = this.#record();
    if (record === null || record.revoked_at !== null) return record;
    const revoked = { ...record, revoked_at: at, updated_at: at };
    await this.#change(revoked);
    return revoked;
  }

  override async alarm(): Promise<void> {
    const record = this.#record();
    if (record !== null) await this.#report(record);
  }

  #record(): KeyRecord | null {
    return this.ctx.storage.kv.get<KeyRecord>(RECORD) ?? null;
  }

  /** The record and the promise to report it are written together. */
  async #change(record: KeyRecord): Promise<void> {
    this.ctx.storage.kv.put(RECORD, record);
    await this.ctx.storage.setAlarm(Date.now() + REPORT_AGAIN_MS);
    try {
      await this.#report(record);
      // Only where nothing changed meanwhile: a later change has set an alarm of its own.
      if (this.#record()?.updated_at === record.updated_at) await this.ctx.storage.deleteAlarm();
    } catch {
      // The alarm reports it.
    }
  }

  async #report(record: KeyRecord): Promise<void> {
    await this.env.DIRECTORY.getByName(DIRECTORY).report(record);
  }
}
