/**
 * The object of one identifier, in the whole deployment the only place that asks Stytch for it: callers who come while a
 * request is under way wait for that one. The object named by an organization's ID holds its entry and is the only
 * writer of it in KV; one named by a slug or external ID resolves the name and hands what it learned to that object.
 */
import { DurableObject } from "cloudflare:workers";
import { within } from "../bounds.ts";
import { type Config, configOf } from "../config.ts";
import type { Failure } from "../errors.ts";
import { describe, log, type UpstreamCall } from "../log.ts";
import { bearsName, type Entry } from "./entry.ts";
import { fetchEntry } from "./fetch-entry.ts";
import { freshnessOf, kvLifeSeconds } from "./freshness.ts";
import { deleteStored, type Shelf, writeAlias, writeEntry } from "./kv.ts";

/** How an object came by the entry that it answers. */
export type How =
  /** It held it. */
  | "held"
  /** It asked Stytch. */
  | "fetched"
  /** It was asking Stytch already. */
  | "collapsed";

interface Failed {
  readonly entry?: never;
  readonly failure: Failure | "absent";
  /** An older entry, which may hide the failure. */
  readonly held?: Entry;
  readonly call: UpstreamCall | null;
  readonly detail?: string;
}

export type Read = { readonly entry: Entry; readonly how: How; readonly call: UpstreamCall | null } | Failed;

/** What the caller of an object has, and wants. */
export interface Want {
  /** It has an entry that is not fresh, and can do without an answer. */
  readonly hasEntry: boolean;
  /** As far as it knows, KV may have an entry; then an end must reach it. */
  readonly mayBeStored: boolean;
  /** A read of Stytch that begins after this was asked for, whatever is held. */
  readonly refresh: boolean;
}

interface Flight {
  readonly ticket: number;
  readonly read: Promise<Read>;
}

/** Pauses after failures in a row, in ms: doubling, as long as callers have an older entry to answer from. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** The longest that a write to KV holds up the next, in ms. */
const WRITE_WAIT_MS = 5_000;

/** The longest that an upstream call waits for another organization's object, in ms. */
const NEIGHBOUR_WAIT_MS = 300;

export class Organization extends DurableObject<Env> {
  /** The entry of the organization whose ID names this object. */
  #held: Entry | undefined;
  /** The ID that this object's name was last seen to stand for. */
  #resolved: string | undefined;
  /** When the upstream request began that what is known comes from. */
  #known = Number.NEGATIVE_INFINITY;
  /** Until when a 404 is remembered. */
  #absentUntil = 0;
  /** Whether KV may have something under this object's name. */
  #mayBeStored = false;
  /** Failures in a row, the last of them, and until when Stytch is spared another call. */
  #failing = { times: 0, until: 0, last: null as Failed | null };
  /** Writes to KV that are under way, one behind the other. */
  #writes: Promise<void> = Promise.resolve();
  /** Counts reads, to tell which of them began after which. */
  #tickets = 0;
  /** The one upstream request under way. An object may share a promise between its own callers. */
  #flight: Flight | undefined;

  /** The organization of this identifier, which is the object's own name. Does at most one upstream call; never throws for Stytch. */
  async read(identifier: string, want: Want): Promise<Read> {
    const asked = ++this.#tickets;
    this.#mayBeStored ||= want.mayBeStored;
    if (!want.refresh) {
      const held = this.current(identifier);
      if (held !== null) return { entry: held, how: "held", call: null };
      if (Date.now() < this.#absentUntil) return { failure: "absent", call: null };
      const { until, last } = this.#failing;
      if (last !== null && Date.now() < until) {
        const older = this.older(identifier);
        if (older !== null) return { ...last, held: older, call: null };
        if (want.hasEntry) return { ...last, call: null };
      }
    }
    // One that began before it was asked for does not do for a refresh.
    while (want.refresh && this.#flight !== undefined && this.#flight.ticket < asked) await this.#flight.read;
    if (this.#flight !== undefined) return collapsed(await this.#flight.read);
    const read = this.#fly(identifier, want.refresh).finally(() => {
      this.#flight = undefined;
    });
    this.#flight = { ticket: ++this.#tickets, read };
    // It goes on for the others when the caller who began it leaves.
    this.ctx.waitUntil(read);
    return await read;
  }

  /** The entry held here, if it is fresh and bears this name. */
  current(identifier: string): Entry | null {
    const held = this.#held;
    if (held === undefined || !bearsName(held, identifier)) return null;
    return freshnessOf(held.fetchedAt, Date.now(), this.#config().cache) === "fresh" ? held : null;
  }

  /** The entry held here, if it is not dead and bears this name: it may hide a failure. */
  older(identifier: string): Entry | null {
    const held = this.#held;
    if (held === undefined || !bearsName(held, identifier)) return null;
    return freshnessOf(held.fetchedAt, Date.now(), this.#config().cache) === "dead" ? null : held;
  }

  /**
   * Takes in an entry of this organization and writes it to KV, behind the call. An answer whose request began before that of what is
   * known already changes nothing, be it an entry or that there is none.
   */
  hold(entry: Entry): void {
    if (entry.began < this.#known) return;
    this.#known = entry.began;
    this.#held = entry;
    this.#absentUntil = 0;
    this.#mayBeStored = true;
    const config = this.#config();
    this.#behind(() => writeEntry(this.#shelf(config), entry, kvLifeSeconds(config.cache)));
  }

  async #fly(identifier: string, refresh: boolean): Promise<Read> {
    const config = this.#config();
    if (this.#resolved !== undefined && !refresh) {
      const known = within(NEIGHBOUR_WAIT_MS, this.#owner(this.#resolved).current(identifier));
      // Without its answer, Stytch's is as good.
      const entry = await known.catch(() => null);
      if (entry !== null) return { entry, how: "held", call: null };
    }
    const began = Date.now();
    const fetched = await fetchEntry(config, identifier);
    const { entry, call } = fetched;
    if (entry === undefined) {
      if (isHidden(fetched.failure)) {
        this.#pause(fetched);
        const held = await this.#older(identifier);
        return held === null ? fetched : { ...fetched, held };
      }
      this.#end(identifier, began, fetched.failure === "absent" ? config.cache.negativeSeconds : 0);
      return fetched;
    }
    this.#failing = { times: 0, until: 0, last: null };
    if (entry.organizationId === identifier) this.hold(entry);
    else await this.#handOver(identifier, entry, config);
    return { entry, how: "fetched", call };
  }

  /** What is held of this organization here, or by the object of its ID, and is not dead. */
  async #older(identifier: string): Promise<Entry | null> {
    const own = this.older(identifier);
    if (own !== null || this.#resolved === undefined) return own;
    return await within(NEIGHBOUR_WAIT_MS, this.#owner(this.#resolved).older(identifier)).catch(() => null);
  }

  #pause(last: Failed): void {
    // More failures in one pause, of callers who could not wait, do not make the next one longer.
    if (Date.now() < this.#failing.until) return;
    const times = this.#failing.times + 1;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1));
    this.#failing = { times, until: Date.now() + pause, last };
  }

  /** Stytch has said that this is no more: what is held goes, and what stands under the name in KV. A 404 is remembered. */
  #end(identifier: string, began: number, rememberSeconds: number): void {
    this.#failing = { times: 0, until: 0, last: null };
    if (began < this.#known) return;
    this.#known = began;
    this.#held = undefined;
    this.#resolved = undefined;
    this.#absentUntil = Date.now() + rememberSeconds * 1_000;
    if (this.#mayBeStored) this.#behind(() => deleteStored(this.#shelf(this.#config()), identifier));
  }

  /** Before the answer, so that a caller who comes right after it finds the entry where it belongs. */
  async #handOver(name: string, entry: Entry, config: Config): Promise<void> {
    this.#resolved = entry.organizationId;
    this.#absentUntil = 0;
    await within(NEIGHBOUR_WAIT_MS, this.#owner(entry.organizationId).hold(entry))
      // The answer stands without it; the next caller asks Stytch again.
      .catch((error: unknown) => log({ degraded: ["organization_object"], defect: describe(error) }));
    if (!bearsName(entry, name)) return;
    this.#mayBeStored = true;
    this.#behind(() =>
      writeAlias(this.#shelf(config), name, entry.organizationId, kvLifeSeconds(config.cache)),
    );
  }

  #shelf(config: Config): Shelf {
    return { kv: this.env.ORGANIZATIONS, project: config.stytch.projectId };
  }

  #owner(organizationId: string) {
    return this.env.ORGANIZATION.getByName(organizationId, { locationHint: this.#config().upstreamRegion });
  }

  /** In the order in which it was learned. A failed write costs the next location a read of this object, and no answer. */
  #behind(write: () => Promise<void>): void {
    this.#writes = this.#writes
      .then(async () => await within(WRITE_WAIT_MS, write()))
      .catch((error: unknown) => log({ degraded: ["kv_write"], defect: describe(error) }));
    this.ctx.waitUntil(this.#writes);
  }

  #config(): Config {
    const configured = configOf(this.env);
    // Workers refuse every request before they come here.
    if (!("config" in configured)) throw new Error("misconfigured");
    return configured.config;
  }
}

/** Whether an older entry may hide this failure: Stytch failed, and said nothing of the organization. */
export function isHidden(failure: Failure | "absent"): boolean {
  if (failure === "absent") return false;
  switch (failure.type) {
    case "upstream_invalid_response":
    case "upstream_rate_limited":
    case "upstream_timeout":
    case "upstream_unavailable":
      return true;
    default:
      return false;
  }
}

function collapsed(read: Read): Read {
  return read.entry !== undefined && read.how === "fetched" ? { ...read, how: "collapsed" as const } : read;
}
