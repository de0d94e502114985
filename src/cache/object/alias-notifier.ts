/**
 * Tells the objects of an organization's slug and external ID which aliases it has gained or lost. Used by the
 * canonical object. What was told is kept in its storage, so an alias is told once and not at each refresh, until the
 * alias's object says that it named another organization since.
 */
import { type LogDegraded, logDegraded } from "../../log.ts";
import { withTimeout } from "../../platform/timeout.ts";
import { aliasesOf, type Entry } from "../entry.ts";
import { PEER_TIMEOUT_MS } from "./alias-state.ts";
import { deleteIfPresent } from "./kv-mirror.ts";

const NOTIFIED_KEY = "notified-aliases";

/** What the canonical object asks of the object of an alias. */
export interface AliasObject {
  aliasChanged(alias: string, organizationId: string, requestedAt: number, hasAlias: boolean): Promise<void>;
}

export class AliasNotifier {
  readonly #storage: SyncKvStorage;
  readonly #aliasObject: (alias: string) => AliasObject;
  readonly #logDegraded: LogDegraded;
  /** Two entries are told one after the other: the second must know what the first has told. */
  #lastNotified = Promise.resolve();

  constructor(
    storage: SyncKvStorage,
    aliasObject: (alias: string) => AliasObject,
    log: LogDegraded = logDegraded,
  ) {
    this.#storage = storage;
    this.#logDegraded = log;
    this.#aliasObject = aliasObject;
  }

  /** True if aliases were told: then an entry was held here, at the latest before an eviction. */
  get hasNotified(): boolean {
    return this.#storage.get(NOTIFIED_KEY) !== undefined;
  }

  clear(): void {
    deleteIfPresent(this.#storage, NOTIFIED_KEY);
  }

  /**
   * Never rejects: if an object fails or does not answer in time, the next entry tells it again. `olderAliases` are those
   * of an entry that came after this one and is older: their objects think that the organization has them.
   */
  async notify(entry: Entry, olderAliases: readonly string[] = []): Promise<void> {
    this.#lastNotified = this.#lastNotified.then(async () => await this.#notify(entry, olderAliases));
    await this.#lastNotified;
  }

  /**
   * The object of `alias` no longer counts this organization as one that has it, so the next entry that has it tells it
   * again: `newer` at once, an entry that is newer than the answer that ended the claim.
   */
  async forget(alias: string, newer: Entry | null): Promise<void> {
    this.#lastNotified = this.#lastNotified.then(() => {
      const before = this.#storage.get<string[]>(NOTIFIED_KEY);
      if (before?.includes(alias))
        this.#storage.put(
          NOTIFIED_KEY,
          before.filter((other) => other !== alias),
        );
    });
    await (newer === null ? this.#lastNotified : this.notify(newer));
  }

  async #notify(entry: Entry, olderAliases: readonly string[]): Promise<void> {
    const { organizationId, requestedAt } = entry;
    const aliases = aliasesOf(entry).filter((alias) => alias !== organizationId);
    const lost = olderAliases.filter((alias) => alias !== organizationId && !aliases.includes(alias));
    const before = [...(this.#storage.get<string[]>(NOTIFIED_KEY) ?? []), ...lost];
    const changed = [...before, ...aliases].filter(
      (alias) => before.includes(alias) !== aliases.includes(alias),
    );
    if (changed.length === 0) return;
    try {
      const notified = changed.map((alias) =>
        this.#aliasObject(alias).aliasChanged(alias, organizationId, requestedAt, aliases.includes(alias)),
      );
      await withTimeout(PEER_TIMEOUT_MS, Promise.all(notified));
      this.#storage.put(NOTIFIED_KEY, aliases);
    } catch (error) {
      this.#logDegraded("organization_object", error);
    }
  }
}
