/**
 * The object of one identifier, in the whole deployment the only place that asks Stytch for it: callers who come while a
 * request is under way wait for that one. The object named by an organization's ID holds its entry and is the only
 * writer of it in KV; one named by a slug or external ID resolves the name and hands what it learned to that object.
 *
 * What it knows is ordered by when the upstream request began, and ends with a purge that came after that.
 */

import { DurableObject } from "cloudflare:workers";
import type { Config } from "../../config.ts";
import { getDirectory } from "../../directory/directory-client.ts";
import { requireIsolateState } from "../../isolate-state.ts";
import { describeError, log } from "../../log.ts";
import { withTimeout } from "../../platform/timeout.ts";
import { aliasesOf, type Entry, hasIdentifier } from "../entry.ts";
import { fetchEntry } from "../fetch-entry.ts";
import { freshnessOf } from "../freshness.ts";
import {
  asCollapsed,
  isTransientFailure,
  type ReadFailure,
  type ReadRequest,
  type ReadResult,
} from "../object-messages.ts";
import { type BackOff, isBackingOff, NO_FAILURES, recordFailure } from "./back-off.ts";
import {
  applyEnd,
  applyEntry,
  createEntryState,
  type EntryState,
  isKnownMissing,
  nextRequestTime,
  observeSequence,
  resetEntryState,
  servableEntry,
} from "./entry-state.ts";
import {
  clearMirror,
  countAvoidableRead,
  createKvMirror,
  deleteIfPresent,
  type KvMirror,
  mirrorAlias,
  mirrorEntry,
} from "./kv-mirror.ts";

interface InFlight {
  readonly ticket: number;
  /** It began after the purges up to this one. */
  readonly purgeEpoch: number;
  readonly read: Promise<ReadResult>;
}

/** The longest that an upstream call waits for another organization's object, in ms. */
const CANONICAL_TIMEOUT_MS = 300;

/** The longest that the Directory may take to list a purge, in ms. Nothing waits for it. */
const LIST_TIMEOUT_MS = 5_000;

/** In the object's storage: the names that an organization's object has told theirs of. */
const ALIASES_KEY = "names";

export class Organization extends DurableObject<Env> {
  /** The ID that this object's name stands for, where it is a slug or external ID. */
  #resolved: string | undefined;
  /** The organization that was last seen to bear this object's name, by a request that began then. */
  #claim = { organizationId: "", began: Number.NEGATIVE_INFINITY };
  /** What Stytch has said of this name; the entry is held by the object of its ID alone. */
  readonly #state: EntryState;
  #backOff: BackOff<ReadFailure> = NO_FAILURES;
  /** Something was answered, and Stytch has refused Postern since: what ends then is still to be told when it does. */
  #owesPurge = false;
  /** Counts reads, to tell which of them began after which. */
  #tickets = 0;
  /** The one upstream request under way. An object may share a promise between its own callers. */
  #inFlight: InFlight | undefined;
  /** What KV has under this object's name. */
  readonly #mirror: KvMirror;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#mirror = createKvMirror({
      storage: ctx.storage.kv,
      scope: () => ({ kv: env.ORGANIZATIONS, projectId: this.#config().stytch.projectId }),
      cache: () => this.#config().cache,
      waitUntil: (work) => ctx.waitUntil(work),
    });
    this.#resolved = this.#mirror.alias?.organizationId;
    this.#state = createEntryState(this.#mirror.mirrored?.requestedAt);
  }

  /** The organization of this identifier, which is the object's own name. One upstream call at a time; never throws for Stytch. */
  async read(identifier: string, want: ReadRequest): Promise<ReadResult> {
    const asked = ++this.#tickets;
    if (want.hasSeenEntry) this.#mirror.mayExist ??= true;
    observeSequence(this.#state, want.latestSeen, want.minPurgeEpoch);
    const known = want.kind === "forced" ? null : this.#readFromState(identifier, want);
    if (known !== null) return known;
    for (;;) {
      const isOwn = this.#inFlight === undefined;
      const flight = this.#inFlight ?? this.#startFetch(identifier, want);
      const read = await flight.read;
      // Only a request that began after it was asked for does for a forced read, and one from before a purge for nobody.
      const isForced = flight.ticket > asked && (read.entry === undefined || read.origin !== "held");
      if (flight.purgeEpoch < this.#state.latestPurge || (want.kind === "forced" && !isForced)) continue;
      if (isOwn && read.entry !== undefined) this.#revalidateIfStale(identifier, read.entry, want);
      return isOwn ? read : asCollapsed(read, want);
    }
  }

  /** What is held here of this organization, for the object of another of its names: if it bears that, and may be answered. */
  current(
    name: string,
    { newestRequestedAt, minPurgeEpoch }: Pick<ReadRequest, "newestRequestedAt" | "minPurgeEpoch">,
  ): Entry | null {
    const held = this.#servableEntry(name);
    if (held === null || held.purgeEpoch < minPurgeEpoch) return null;
    countAvoidableRead(this.#mirror, held, newestRequestedAt);
    return held;
  }

  /**
   * Takes in an entry of this organization, and writes it to KV where that is worth it, behind the call. An answer whose request began
   * before that of what is known already changes nothing. Returns the purge that an entry has to be younger than.
   */
  async store(entry: Entry): Promise<number> {
    if (applyEntry(this.#state, entry)) {
      mirrorEntry(this.#mirror, entry);
      await this.#notifyAliases(entry);
    }
    return this.#state.latestPurge;
  }

  /** Ends all that is known under this name, and what is under way. The Directory has numbered the purge before. */
  async purge(identifier: string, number: number): Promise<void> {
    observeSequence(this.#state, number, number);
    const resolved = this.#resolved;
    this.#reset(identifier, "possible");
    if (resolved !== undefined) await this.#object(resolved).purge(resolved, number);
  }

  /**
   * Hears of an answer, to a request that began then, in which an organization bears this object's name, or no longer does. Where the name
   * stood for something else it has moved, and what was answered under it ends everywhere.
   */
  aliasChanged(name: string, organizationId: string, began: number, bears: boolean): void {
    if (bears) this.#claim = { organizationId, began };
    if (bears && this.#state.requestedAt <= began) this.#state.negative = undefined;
    if (this.#resolved === undefined || bears === (this.#resolved === organizationId)) return;
    this.#reset(name, "known");
    this.#listPurgeInBackground(name);
  }

  #readFromState(identifier: string, want: ReadRequest): ReadResult | null {
    const now = Date.now();
    const entry = this.#servableEntry(identifier);
    if (entry !== null && this.#isFreshEnough(entry, want.kind)) {
      countAvoidableRead(this.#mirror, entry, want.newestRequestedAt);
      this.#revalidateIfStale(identifier, entry, want);
      return { entry, origin: "held", call: null };
    }
    if (isKnownMissing(this.#state, now)) return { failure: "not_found", call: null };
    const { last } = this.#backOff;
    if (last === null || !isBackingOff(this.#backOff, now)) return null;
    if (entry !== null) return { ...last, cached: entry, call: null };
    return want.newestRequestedAt === null ? null : { ...last, call: null };
  }

  #servableEntry(name: string): Entry | null {
    return servableEntry(this.#state, name, Date.now(), this.#config().cache);
  }

  #isFreshEnough(entry: Entry, kind: ReadRequest["kind"]): boolean {
    const freshness = freshnessOf(entry.receivedAt, Date.now(), this.#config().cache);
    return freshness === "fresh" || (freshness === "stale" && kind === "answer");
  }

  #startFetch(identifier: string, want: ReadRequest): InFlight {
    const purgeEpoch = this.#state.latestSeen;
    const read = this.#fetch(identifier, want, purgeEpoch).finally(() => {
      this.#inFlight = undefined;
    });
    this.#inFlight = { ticket: ++this.#tickets, purgeEpoch, read };
    // It goes on for the others when the caller who began it leaves.
    this.ctx.waitUntil(read);
    return this.#inFlight;
  }

  async #fetch(identifier: string, want: ReadRequest, purgeEpoch: number): Promise<ReadResult> {
    const neighbours = want.kind === "forced" ? null : await this.#canonicalEntry(identifier, want);
    if (neighbours !== null && this.#isFreshEnough(neighbours, want.kind)) {
      return { entry: neighbours, origin: "held", call: null };
    }
    let requestedAt = nextRequestTime(this.#state, Date.now());
    let fetched = await fetchEntry(this.#isolate().stytch, identifier, { requestedAt, purgeEpoch });
    const named = organizationOf(fetched);
    if (named !== undefined && this.#claim.began >= requestedAt && this.#claim.organizationId !== named) {
      // Meanwhile another organization was seen to bear the name.
      requestedAt = nextRequestTime(this.#state, Date.now());
      fetched = await fetchEntry(this.#isolate().stytch, identifier, { requestedAt, purgeEpoch });
    }
    const { entry, call } = fetched;
    if (entry !== undefined) {
      this.#backOff = NO_FAILURES;
      if (entry.organizationId === identifier) await this.store(entry);
      else await this.#storeInCanonical(identifier, entry);
      return { entry, origin: "fetched", call };
    }
    if (!isTransientFailure(fetched.failure)) {
      this.#applyEnd(identifier, requestedAt, purgeEpoch, fetched.failure);
      return fetched;
    }
    // Where Stytch was not asked, the circuit says when it will be.
    if (call !== null) this.#backOff = recordFailure(this.#backOff, fetched, Date.now());
    const cached = this.#servableEntry(identifier) ?? neighbours;
    return cached === null ? fetched : { ...fetched, cached };
  }

  /** What the object of the ID holds that this object's name stands for. Without its answer, Stytch's is as good. */
  async #canonicalEntry(name: string, { newestRequestedAt }: ReadRequest): Promise<Entry | null> {
    if (this.#resolved === undefined) return null;
    const current = this.#object(this.#resolved).current(name, {
      newestRequestedAt: newestRequestedAt,
      minPurgeEpoch: this.#state.latestPurge,
    });
    return await withTimeout(CANONICAL_TIMEOUT_MS, current).catch(() => null);
  }

  /** Behind a stale answer to somebody who waited. */
  #revalidateIfStale(identifier: string, entry: Entry, { kind }: ReadRequest): void {
    if (kind !== "answer" || this.#isFreshEnough(entry, "refresh")) return;
    const want = {
      kind: "refresh",
      newestRequestedAt: entry.requestedAt,
      hasSeenEntry: false,
      minPurgeEpoch: 0,
      latestSeen: 0,
    } as const;
    this.ctx.waitUntil(
      this.read(identifier, want).then((read) => {
        if (read.entry !== undefined || read.failure === "not_found" || read.call === null) return;
        log({ degraded: ["upstream"], upstream: read.call, upstream_detail: read.detail });
      }),
    );
  }

  /** Stytch has answered something else: what is held goes, and what stands under the name in KV. A 404 is remembered. */
  #applyEnd(identifier: string, began: number, purgeEpoch: number, failure: ReadFailure["failure"]): void {
    this.#backOff = NO_FAILURES;
    if (began < this.#state.requestedAt) return;
    // KV goes on showing it for a while, and isolates hold it. That Stytch refused Postern itself says nothing of the organization.
    const isItsEnd = failure === "not_found" || failure.type === "upstream_bad_request";
    this.#owesPurge ||= this.#wasServed();
    this.#reset(identifier, "known");
    deleteIfPresent(this.ctx.storage.kv, ALIASES_KEY);
    if (isItsEnd && this.#owesPurge) {
      this.#owesPurge = false;
      this.#listPurgeInBackground(identifier);
    }
    const until = Date.now() + this.#config().cache.negativeSeconds * 1_000;
    applyEnd(this.#state, began, failure === "not_found" ? { until, purgeEpoch } : undefined);
  }

  /** Whether an isolate may have an entry under this object's name. Nobody can make it so by asking for what is not there. */
  #wasServed(): boolean {
    const wasHeld = this.#state.entry !== undefined || this.ctx.storage.kv.get(ALIASES_KEY) !== undefined;
    return wasHeld || this.#mirror.mayExist === true;
  }

  /** Before the answer, so that a caller who comes right after it finds the entry where it belongs. */
  async #storeInCanonical(name: string, entry: Entry): Promise<void> {
    const before = this.#resolved;
    this.#state.requestedAt = entry.requestedAt;
    this.#state.negative = undefined;
    this.#resolved = entry.organizationId;
    try {
      const purge = await withTimeout(CANONICAL_TIMEOUT_MS, this.#object(entry.organizationId).store(entry));
      if (purge > entry.purgeEpoch) {
        observeSequence(this.#state, purge, purge);
        this.#resolved = before;
        return;
      }
    } catch (error) {
      // The answer stands without it; the next caller asks Stytch again.
      log({ degraded: ["organization_object"], defect: describeError(error) });
    }
    if (hasIdentifier(entry, name)) mirrorAlias(this.#mirror, name, entry.organizationId);
    if (before !== undefined && before !== entry.organizationId) this.#listPurgeInBackground(name);
  }

  /** Nothing that was known under this name is left, here and in KV. */
  #reset(identifier: string, only: "known" | "possible"): void {
    resetEntryState(this.#state);
    this.#resolved = undefined;
    clearMirror(this.#mirror, identifier, only);
  }

  /** Has the Directory list that whatever was answered under this name has ended. Where it fails, that lasts until it is too old. */
  #listPurgeInBackground(name: string): void {
    const listed = withTimeout(LIST_TIMEOUT_MS, getDirectory(this.env).purge([name], null)).then(
      (number) => {
        observeSequence(this.#state, number, number);
        // The 404 that this purge comes from stands.
        const { negative } = this.#state;
        if (negative !== undefined) this.#state.negative = { ...negative, purgeEpoch: number };
      },
      (error: unknown) => log({ degraded: ["directory"], defect: describeError(error) }),
    );
    this.ctx.waitUntil(listed);
  }

  /** Tells the objects of the names that the organization has since the last time, or no longer has. */
  async #notifyAliases(entry: Entry): Promise<void> {
    const { organizationId: id, requestedAt } = entry;
    const before = this.ctx.storage.kv.get<string[]>(ALIASES_KEY) ?? [];
    const names = aliasesOf(entry).filter((name) => name !== id);
    const changed = [...before, ...names].filter((name) => before.includes(name) !== names.includes(name));
    if (changed.length === 0) return;
    try {
      const told = changed.map((name) =>
        this.#object(name).aliasChanged(name, id, requestedAt, names.includes(name)),
      );
      await withTimeout(CANONICAL_TIMEOUT_MS, Promise.all(told));
      this.ctx.storage.kv.put(ALIASES_KEY, names);
    } catch (error) {
      // The next answer tells them.
      log({ degraded: ["organization_object"], defect: describeError(error) });
    }
  }

  #object(identifier: string) {
    return this.env.ORGANIZATION.getByName(identifier, { locationHint: this.#config().upstreamRegion });
  }

  #isolate() {
    return requireIsolateState(this.env);
  }

  #config(): Config {
    return this.#isolate().config;
  }
}

/** What an answer says of whose the name is: null for nobody's; undefined where Stytch failed, and it says nothing. */
function organizationOf(fetched: ReadResult | { entry: Entry } | ReadFailure): string | null | undefined {
  if (fetched.entry !== undefined) return fetched.entry.organizationId;
  return isTransientFailure(fetched.failure) ? undefined : null;
}
