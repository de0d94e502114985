/**
 * The Durable Object of one identifier, the only place in the deployment that asks Stytch for it, unless the object
 * itself cannot be reached. Callers who come while an upstream request is in flight wait for that one (request
 * coalescing, single flight).
 *
 * The canonical object, named by an organization's ID, holds its entry and alone writes it to KV. The object of a slug
 * or external ID resolves the alias and hands what it fetched to the canonical object. Which of the two an identifier
 * is can only be known from Stytch's answer, so one class plays both roles: `EntryState` and `AliasState`.
 */
import { DurableObject } from "cloudflare:workers";
import type { Config } from "../../config.ts";
import { requireIsolateState } from "../../isolate-state.ts";
import { log } from "../../log.ts";
import { countingLogDegraded } from "../../metrics/count-degraded.ts";
import { type Counted, withCounts } from "../../metrics/object-counts.ts";
import { includesId } from "../../stytch/identifier.ts";
import { aliasesOf, type Entry } from "../entry.ts";
import {
  asCollapsed,
  asVisible,
  hiddenResult,
  isTransientFailure,
  type ReadRequest,
  type ReadResult,
  refreshOf,
} from "../object-messages.ts";
import { recordPurgeByCache } from "../purge/record-purge.ts";
import { AliasNotifier } from "./alias-notifier.ts";
import { AliasState } from "./alias-state.ts";
import { EntryState, isFreshEnough } from "./entry-state.ts";
import { KvMirror } from "./kv-mirror.ts";
import { isProbe, ProbeMemory } from "./probe-memory.ts";
import { UpstreamReader, type UpstreamResult } from "./upstream-reader.ts";

export class Organization extends DurableObject<Env> {
  readonly #state: EntryState;
  readonly #mirror: KvMirror;
  readonly #alias: AliasState;
  readonly #notifier: AliasNotifier;
  readonly #upstream: UpstreamReader;
  readonly #probes = new ProbeMemory();
  /** What reads wait for. A Durable Object may share a promise between its own callers. */
  #inFlight: Promise<UpstreamResult> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const logDegraded = countingLogDegraded(env);
    this.#mirror = new KvMirror({
      storage: ctx.storage.kv,
      scope: () => ({ kv: env.ORGANIZATIONS, projectId: this.#config().stytch.projectId }),
      cache: () => this.#config().cache,
      waitUntil: (work) => ctx.waitUntil(work),
      logDegraded,
    });
    this.#alias = new AliasState(this.#mirror, ctx.storage.kv, (id) => this.#object(id), logDegraded);
    this.#notifier = new AliasNotifier(ctx.storage.kv, (alias) => this.#object(alias), logDegraded);
    this.#state = new EntryState(this.#mirror.mirroredAt);
    this.#upstream = new UpstreamReader({
      state: this.#state,
      mirror: this.#mirror,
      alias: this.#alias,
      notifier: this.#notifier,
      stytch: () => requireIsolateState(this.env).stytch,
      cacheConfig: () => this.#config().cache,
      store: async (entry) => await this.store(entry),
      recordPurgeInBackground: (name) => this.#recordPurgeInBackground(name),
      recordPurgeOfOther: (organizationId) => this.#recordPurgeOfOther(organizationId),
      waitUntil: (work) => ctx.waitUntil(work),
    });
  }

  /** Reads what has this name, the object's own. A failure of Stytch is returned, not thrown. */
  async read(identifier: string, request: ReadRequest): Promise<ReadResult & Counted> {
    return withCounts(await this.#read(identifier, request), requireIsolateState(this.env));
  }

  async #read(identifier: string, request: ReadRequest): Promise<ReadResult> {
    const { visibleIds = null } = request;
    if (request.hasSeenEntry) this.#mirror.noteSeen();
    this.#state.observeSequence(request.latestSeen);
    this.#state.observePurge(request.minPurgeEpoch);
    this.#probes.observePurge(request.minPurgeEpoch);
    if (request.kind === "forced" || this.#isProbe(request))
      return await this.#readStytch(identifier, request);
    const known = this.#answer(identifier, request);
    if (known !== null) return asVisible(known, visibleIds);
    for (;;) {
      // What a bound key is told depends on the key, and how long it waits for that: its reads share no more than the
      // upstream request.
      const isShared = visibleIds === null;
      const isLeader = !isShared || this.#inFlight === undefined;
      const shared = isShared ? (this.#inFlight ?? this.#startFetch(identifier, request)) : null;
      const { result, purgeEpoch } = await (shared ?? this.#upstream.fetch(identifier, request));
      if (purgeEpoch < this.#state.latestPurge) continue;
      if (isLeader && result.entry !== undefined) this.#revalidateIfStale(identifier, result.entry, request);
      const visible = asVisible(isLeader ? result : asCollapsed(result, request), visibleIds);
      if (visibleIds !== null && visible.entry === undefined && typeof visible.failure === "string")
        this.#rememberProbe(purgeEpoch);
      return visible;
    }
  }

  #isProbe(request: ReadRequest): boolean {
    const owner = this.#state.organizationId ?? this.#alias.owner;
    return isProbe(request, owner, () => this.#state.isKnownMissing(Date.now()));
  }

  /**
   * Asks Stytch, whatever is known here; a probe not before its last answer is forgotten. The answer is handed over as
   * usual. But a caller who may not see the organization does not wait for that, since nobody does after a 404.
   */
  async #readStytch(identifier: string, request: ReadRequest): Promise<ReadResult> {
    const { visibleIds = null } = request;
    const isForced = request.kind === "forced";
    const order = this.#upstream.nextOrder();
    for (;;) {
      if (!isForced && this.#probes.isRemembered(Date.now())) return hiddenResult(null);
      // A forced read is answered only by an upstream request that began after it.
      const asked = await this.#upstream.ask(identifier, (running) =>
        isForced ? running.order > order : !running.isAnswered,
      );
      const { fetched } = await asked.request.answered;
      const canSee = fetched.entry !== undefined && includesId(visibleIds, fetched.entry.organizationId);
      let result: ReadResult;
      if (canSee || visibleIds === null) result = await asked.request.applied;
      else result = fetched.entry === undefined ? fetched : hiddenResult(fetched.call);
      // The caller's own entry has ended, so it must not hide the failure.
      if (
        request.newestRequestedAt !== null &&
        result.entry === undefined &&
        isTransientFailure(result.failure, identifier)
      )
        result = hiddenResult(result.call);
      const { purgeEpoch } = asked.request;
      if (purgeEpoch < this.#state.latestPurge) continue;
      const isAnswer = fetched.entry !== undefined || fetched.failure === "not_found";
      if (!canSee && visibleIds !== null && isAnswer) this.#rememberProbe(purgeEpoch);
      return asked.isNew ? result : asCollapsed(result, request);
    }
  }

  #rememberProbe(purgeEpoch: number): void {
    this.#probes.remember(Date.now() + this.#config().cache.negativeSeconds * 1_000, purgeEpoch);
  }

  /** For the object of an alias: the entry held here, if it has that alias and may be served. */
  current(
    alias: string,
    { newestRequestedAt, minPurgeEpoch }: Pick<ReadRequest, "newestRequestedAt" | "minPurgeEpoch">,
  ): Entry | null {
    const entry = this.#state.servableEntry(alias, Date.now(), this.#config().cache);
    if (entry === null || entry.purgeEpoch < minPurgeEpoch) return null;
    this.#mirror.countAvoidableRead(entry, newestRequestedAt);
    return entry;
  }

  /**
   * Takes in an entry of this organization unless a newer one is known, tells its aliases and those that it has lost, and
   * writes it to KV in the background. Returns the latest purge of the organization: an entry that is older was not taken
   * in. Its aliases are told all the same, since they have moved from others, whether or not the entry may be served.
   */
  async store(entry: Entry): Promise<number> {
    if (this.#state.applyEntry(entry)) this.#mirror.mirrorEntry(entry);
    await this.#notifier.notify(this.#state.newerThan(entry) ?? entry, aliasesOf(entry));
    return this.#state.latestPurge;
  }

  /**
   * Forgets all that is known here; an upstream request in flight is repeated. The Directory has listed the purge
   * before. Returns the ID of the organization if `identifier` is known to be an alias of it, or else null: the caller
   * purges that, too.
   */
  async purge(identifier: string, sequence: number): Promise<string | null> {
    const { owner } = this.#alias;
    this.#state.applyPurge(sequence);
    this.#probes.observePurge(sequence);
    this.#alias.reset();
    this.#mirror.clear(identifier, "possible");
    return owner ?? null;
  }

  /** A canonical object calls this on the object of an alias: its organization was seen with it, or without it. */
  aliasChanged(alias: string, organizationId: string, requestedAt: number, hasAlias: boolean): void {
    if (hasAlias) this.#state.noteAliasSeen(requestedAt);
    const toPurge = this.#alias.applyChange(alias, organizationId, requestedAt, hasAlias);
    if (toPurge === null) return;
    this.#state.reset();
    this.#mirror.clear(alias, "known");
    if (toPurge === alias) this.#recordPurgeInBackground(alias);
    else this.#recordPurgeOfOther(toPurge);
  }

  /** Called by the object of an alias on an organization that told it of the alias: by a later answer, another has it. */
  async aliasLeft(alias: string, requestedAt: number): Promise<void> {
    await this.#notifier.forget(alias, this.#state.newerThan({ requestedAt }));
  }

  #answer(identifier: string, request: ReadRequest): ReadResult | null {
    const known = this.#state.answer(identifier, request, Date.now(), this.#config().cache);
    if (known?.entry !== undefined) {
      this.#mirror.countAvoidableRead(known.entry, request.newestRequestedAt);
      this.#revalidateIfStale(identifier, known.entry, request);
    }
    return known;
  }

  #startFetch(identifier: string, request: ReadRequest): Promise<UpstreamResult> {
    const fetch = this.#upstream.fetch(identifier, request).finally(() => {
      this.#inFlight = undefined;
    });
    this.#inFlight = fetch;
    // If the caller who started it leaves, it goes on for the others.
    this.ctx.waitUntil(fetch);
    return fetch;
  }

  /** If a waiting caller was served a stale entry, fetches a fresh one in the background (stale-while-revalidate). */
  #revalidateIfStale(identifier: string, entry: Entry, { kind }: ReadRequest): void {
    if (kind !== "answer" || isFreshEnough(entry, "refresh", Date.now(), this.#config().cache)) return;
    const refreshed = this.#read(identifier, refreshOf(entry)).then((result) => {
      if (result.entry !== undefined || result.failure === "not_found" || result.call === null) return;
      log({ degraded: ["upstream"], upstream: result.call, upstream_detail: result.detail });
      requireIsolateState(this.env).metrics.degraded("upstream");
    });
    this.ctx.waitUntil(refreshed);
  }

  /** Lists a purge of the object's own name. */
  #recordPurgeInBackground(name: string): void {
    const recorded = recordPurgeByCache(this.env, name, (purge) => {
      this.#state.observeOwnPurge(purge);
      this.#probes.observeOwnPurge(purge);
    });
    this.ctx.waitUntil(recorded);
  }

  #recordPurgeOfOther(id: string): void {
    this.ctx.waitUntil(
      recordPurgeByCache(this.env, id, ({ sequence }) => this.#state.observeSequence(sequence)),
    );
  }

  #object(identifier: string) {
    return this.env.ORGANIZATION.getByName(identifier, { locationHint: this.#config().upstreamRegion });
  }

  #config(): Config {
    return requireIsolateState(this.env).config;
  }
}
