/**
 * The object of one identifier, in the whole deployment the only place that asks Stytch for it: callers who come while a
 * request is under way wait for that one. The object named by an organization's ID holds its entry and is the only
 * writer of it in KV; one named by a slug or external ID resolves the name and hands what it learned to that object.
 *
 * What it knows is ordered by when the upstream request began, and ends with a purge that came after that.
 */
import { DurableObject } from "cloudflare:workers";
import { type Config, configOf } from "../../config.ts";
import { describe, log } from "../../log.ts";
import { directoryOf } from "../../platform/durable-object.ts";
import { within } from "../../platform/timeout.ts";
import { aliasesOf, bearsName, type Entry } from "../entry.ts";
import { fetchEntry } from "../fetch-entry.ts";
import { freshnessOf } from "../freshness.ts";
import { collapsed, type Failed, isHidden, type Read, type Want } from "../object-messages.ts";
import { type BackOff, failed, isPausing, noFailures } from "./back-off.ts";
import {
  forgetKnown,
  hear,
  isAbsent,
  type Known,
  nothingKnown,
  nowAfter,
  takeEnd,
  takeIn,
  usable,
} from "./entry-state.ts";
import { clear, countCall, drop, type KvCopy, keepEntry, keepPointer, kvCopy } from "./kv-mirror.ts";

interface Flight {
  readonly ticket: number;
  /** It began after the purges up to this one. */
  readonly afterPurge: number;
  readonly read: Promise<Read>;
}

/** The longest that an upstream call waits for another organization's object, in ms. */
const NEIGHBOUR_WAIT_MS = 300;

/** The longest that the Directory may take to list a purge, in ms. Nothing waits for it. */
const LIST_WAIT_MS = 5_000;

/** In the object's storage: the names that an organization's object has told theirs of. */
const NAMES = "names";

export class Organization extends DurableObject<Env> {
  /** The ID that this object's name stands for, where it is a slug or external ID. */
  #resolved: string | undefined;
  /** The organization that was last seen to bear this object's name, by a request that began then. */
  #claim = { organizationId: "", began: Number.NEGATIVE_INFINITY };
  /** What Stytch has said of this name; the entry is held by the object of its ID alone. */
  readonly #known: Known;
  #failing: BackOff<Failed> = noFailures;
  /** Something was answered, and Stytch has refused Postern since: what ends then is still to be told when it does. */
  #isEndOwed = false;
  /** Counts reads, to tell which of them began after which. */
  #tickets = 0;
  /** The one upstream request under way. An object may share a promise between its own callers. */
  #flight: Flight | undefined;
  /** What KV has under this object's name. */
  readonly #copy: KvCopy;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#copy = kvCopy({
      storage: ctx.storage.kv,
      shelf: () => ({ kv: env.ORGANIZATIONS, project: this.#config().stytch.projectId }),
      cache: () => this.#config().cache,
      waitUntil: (work) => ctx.waitUntil(work),
    });
    this.#resolved = this.#copy.pointer?.organizationId;
    this.#known = nothingKnown(this.#copy.stored?.began);
  }

  /** The organization of this identifier, which is the object's own name. One upstream call at a time; never throws for Stytch. */
  async read(identifier: string, want: Want): Promise<Read> {
    const asked = ++this.#tickets;
    if (want.wasSeen) this.#copy.isThere ??= true;
    hear(this.#known, want.heard, want.purge);
    const known = want.kind === "forced" ? null : this.#fromWhatIsKnown(identifier, want);
    if (known !== null) return known;
    for (;;) {
      const isOwn = this.#flight === undefined;
      const flight = this.#flight ?? this.#takeOff(identifier, want);
      const read = await flight.read;
      // Only a request that began after it was asked for does for a forced read, and one from before a purge for nobody.
      const isForced = flight.ticket > asked && (read.entry === undefined || read.how !== "held");
      if (flight.afterPurge < this.#known.purge || (want.kind === "forced" && !isForced)) continue;
      if (isOwn && read.entry !== undefined) this.#refreshStale(identifier, read.entry, want);
      return isOwn ? read : collapsed(read, want);
    }
  }

  /** What is held here of this organization, for the object of another of its names: if it bears that, and may be answered. */
  standing(name: string, { has, purge }: Pick<Want, "has" | "purge">): Entry | null {
    const held = this.#usable(name);
    if (held === null || held.afterPurge < purge) return null;
    countCall(this.#copy, held, has);
    return held;
  }

  /**
   * Takes in an entry of this organization, and writes it to KV where that is worth it, behind the call. An answer whose request began
   * before that of what is known already changes nothing. Returns the purge that an entry has to be younger than.
   */
  async hold(entry: Entry): Promise<number> {
    if (takeIn(this.#known, entry)) {
      keepEntry(this.#copy, entry);
      await this.#tellNames(entry);
    }
    return this.#known.purge;
  }

  /** Ends all that is known under this name, and what is under way. The Directory has numbered the purge before. */
  async purge(identifier: string, number: number): Promise<void> {
    hear(this.#known, number, number);
    const resolved = this.#resolved;
    this.#forget(identifier, "possible");
    if (resolved !== undefined) await this.#object(resolved).purge(resolved, number);
  }

  /**
   * Hears of an answer, to a request that began then, in which an organization bears this object's name, or no longer does. Where the name
   * stood for something else it has moved, and what was answered under it ends everywhere.
   */
  moved(name: string, organizationId: string, began: number, bears: boolean): void {
    if (bears) this.#claim = { organizationId, began };
    if (bears && this.#known.began <= began) this.#known.absent = undefined;
    if (this.#resolved === undefined || bears === (this.#resolved === organizationId)) return;
    this.#forget(name, "known");
    this.#listBehind(name);
  }

  #fromWhatIsKnown(identifier: string, want: Want): Read | null {
    const now = Date.now();
    const held = this.#usable(identifier);
    if (held !== null && this.#isEnough(held, want.kind)) {
      countCall(this.#copy, held, want.has);
      this.#refreshStale(identifier, held, want);
      return { entry: held, how: "held", call: null };
    }
    if (isAbsent(this.#known, now)) return { failure: "absent", call: null };
    const { last } = this.#failing;
    if (last === null || !isPausing(this.#failing, now)) return null;
    if (held !== null) return { ...last, held, call: null };
    return want.has === null ? null : { ...last, call: null };
  }

  #usable(name: string): Entry | null {
    return usable(this.#known, name, Date.now(), this.#config().cache);
  }

  #isEnough(entry: Entry, kind: Want["kind"]): boolean {
    const freshness = freshnessOf(entry.fetchedAt, Date.now(), this.#config().cache);
    return freshness === "fresh" || (freshness === "stale" && kind === "answer");
  }

  #takeOff(identifier: string, want: Want): Flight {
    const afterPurge = this.#known.heard;
    const read = this.#fly(identifier, want, afterPurge).finally(() => {
      this.#flight = undefined;
    });
    this.#flight = { ticket: ++this.#tickets, afterPurge, read };
    // It goes on for the others when the caller who began it leaves.
    this.ctx.waitUntil(read);
    return this.#flight;
  }

  async #fly(identifier: string, want: Want, afterPurge: number): Promise<Read> {
    const neighbours = want.kind === "forced" ? null : await this.#neighboursEntry(identifier, want);
    if (neighbours !== null && this.#isEnough(neighbours, want.kind)) {
      return { entry: neighbours, how: "held", call: null };
    }
    let began = nowAfter(this.#known, Date.now());
    let fetched = await fetchEntry(this.#config(), identifier, { began, afterPurge });
    const named = organizationOf(fetched);
    if (named !== undefined && this.#claim.began >= began && this.#claim.organizationId !== named) {
      // Meanwhile another organization was seen to bear the name.
      began = nowAfter(this.#known, Date.now());
      fetched = await fetchEntry(this.#config(), identifier, { began, afterPurge });
    }
    const { entry, call } = fetched;
    if (entry !== undefined) {
      this.#failing = noFailures;
      if (entry.organizationId === identifier) await this.hold(entry);
      else await this.#handOver(identifier, entry);
      return { entry, how: "fetched", call };
    }
    if (!isHidden(fetched.failure)) {
      this.#end(identifier, began, afterPurge, fetched.failure);
      return fetched;
    }
    // Where Stytch was not asked, the circuit says when it will be.
    if (call !== null) this.#failing = failed(this.#failing, fetched, Date.now());
    const held = this.#usable(identifier) ?? neighbours;
    return held === null ? fetched : { ...fetched, held };
  }

  /** What the object of the ID holds that this object's name stands for. Without its answer, Stytch's is as good. */
  async #neighboursEntry(name: string, { has }: Want): Promise<Entry | null> {
    if (this.#resolved === undefined) return null;
    const standing = this.#object(this.#resolved).standing(name, { has, purge: this.#known.purge });
    return await within(NEIGHBOUR_WAIT_MS, standing).catch(() => null);
  }

  /** Behind a stale answer to somebody who waited. */
  #refreshStale(identifier: string, entry: Entry, { kind }: Want): void {
    if (kind !== "answer" || this.#isEnough(entry, "refresh")) return;
    const want = { kind: "refresh", has: entry.began, wasSeen: false, purge: 0, heard: 0 } as const;
    this.ctx.waitUntil(
      this.read(identifier, want).then((read) => {
        if (read.entry !== undefined || read.failure === "absent" || read.call === null) return;
        log({ degraded: ["upstream"], upstream: read.call, upstream_detail: read.detail });
      }),
    );
  }

  /** Stytch has answered something else: what is held goes, and what stands under the name in KV. A 404 is remembered. */
  #end(identifier: string, began: number, afterPurge: number, failure: Failed["failure"]): void {
    this.#failing = noFailures;
    if (began < this.#known.began) return;
    // KV goes on showing it for a while, and isolates hold it. That Stytch refused Postern itself says nothing of the organization.
    const isItsEnd = failure === "absent" || failure.type === "upstream_bad_request";
    this.#isEndOwed ||= this.#wasAnswered();
    this.#forget(identifier, "known");
    drop(this.ctx.storage.kv, NAMES);
    if (isItsEnd && this.#isEndOwed) {
      this.#isEndOwed = false;
      this.#listBehind(identifier);
    }
    const until = Date.now() + this.#config().cache.negativeSeconds * 1_000;
    takeEnd(this.#known, began, failure === "absent" ? { until, afterPurge } : undefined);
  }

  /** Whether an isolate may have an entry under this object's name. Nobody can make it so by asking for what is not there. */
  #wasAnswered(): boolean {
    const wasHeld = this.#known.held !== undefined || this.ctx.storage.kv.get(NAMES) !== undefined;
    return wasHeld || this.#copy.isThere === true;
  }

  /** Before the answer, so that a caller who comes right after it finds the entry where it belongs. */
  async #handOver(name: string, entry: Entry): Promise<void> {
    const before = this.#resolved;
    this.#known.began = entry.began;
    this.#known.absent = undefined;
    this.#resolved = entry.organizationId;
    try {
      const purge = await within(NEIGHBOUR_WAIT_MS, this.#object(entry.organizationId).hold(entry));
      if (purge > entry.afterPurge) {
        hear(this.#known, purge, purge);
        this.#resolved = before;
        return;
      }
    } catch (error) {
      // The answer stands without it; the next caller asks Stytch again.
      log({ degraded: ["organization_object"], defect: describe(error) });
    }
    if (bearsName(entry, name)) keepPointer(this.#copy, name, entry.organizationId);
    if (before !== undefined && before !== entry.organizationId) this.#listBehind(name);
  }

  /** Nothing that was known under this name is left, here and in KV. */
  #forget(identifier: string, only: "known" | "possible"): void {
    forgetKnown(this.#known);
    this.#resolved = undefined;
    clear(this.#copy, identifier, only);
  }

  /** Has the Directory list that whatever was answered under this name has ended. Where it fails, that lasts until it is too old. */
  #listBehind(name: string): void {
    const listed = within(LIST_WAIT_MS, directoryOf(this.env).purge([name], null)).then(
      (number) => {
        hear(this.#known, number, number);
        // The 404 that this purge comes from stands.
        const { absent } = this.#known;
        if (absent !== undefined) this.#known.absent = { ...absent, afterPurge: number };
      },
      (error: unknown) => log({ degraded: ["directory"], defect: describe(error) }),
    );
    this.ctx.waitUntil(listed);
  }

  /** Tells the objects of the names that the organization has since the last time, or no longer has. */
  async #tellNames(entry: Entry): Promise<void> {
    const { organizationId: id, began } = entry;
    const before = this.ctx.storage.kv.get<string[]>(NAMES) ?? [];
    const names = aliasesOf(entry).filter((name) => name !== id);
    const changed = [...before, ...names].filter((name) => before.includes(name) !== names.includes(name));
    if (changed.length === 0) return;
    try {
      const told = changed.map((name) => this.#object(name).moved(name, id, began, names.includes(name)));
      await within(NEIGHBOUR_WAIT_MS, Promise.all(told));
      this.ctx.storage.kv.put(NAMES, names);
    } catch (error) {
      // The next answer tells them.
      log({ degraded: ["organization_object"], defect: describe(error) });
    }
  }

  #object(identifier: string) {
    return this.env.ORGANIZATION.getByName(identifier, { locationHint: this.#config().upstreamRegion });
  }

  #config(): Config {
    const configured = configOf(this.env);
    // Workers refuse every request before they come here.
    if (!("config" in configured)) throw new Error("misconfigured");
    return configured.config;
  }
}

/** What an answer says of whose the name is: null for nobody's; undefined where Stytch failed, and it says nothing. */
function organizationOf(fetched: Read | { entry: Entry } | Failed): string | null | undefined {
  if (fetched.entry !== undefined) return fetched.entry.organizationId;
  return isHidden(fetched.failure) ? undefined : null;
}
