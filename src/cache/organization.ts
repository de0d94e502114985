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
import { type Shelf, writeAlias, writeEntry } from "./kv.ts";

/** How an object came by the entry that it answers. */
export type How =
  /** It held it. */
  | "held"
  /** It asked Stytch. */
  | "fetched"
  /** It was asking Stytch already. */
  | "collapsed";

export type Read =
  | { readonly entry: Entry; readonly how: How; readonly call: UpstreamCall | null }
  | {
      readonly entry?: never;
      readonly failure: Failure | "absent";
      readonly call: UpstreamCall | null;
      readonly detail?: string;
    };

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
  /** The one upstream request under way. An object may share a promise between its own callers. */
  #flight: Promise<Read> | undefined;

  /** The organization of this identifier, which is the object's own name. Does at most one upstream call; never throws for Stytch. */
  async read(identifier: string): Promise<Read> {
    const config = this.#config();
    const held = this.current(identifier);
    if (held !== null) return { entry: held, how: "held", call: null };
    if (Date.now() < this.#absentUntil) return { failure: "absent", call: null };
    if (this.#flight !== undefined) return collapsed(await this.#flight);
    const flight = this.#fly(identifier, config).finally(() => {
      this.#flight = undefined;
    });
    this.#flight = flight;
    // It goes on for the others when the caller who began it leaves.
    this.ctx.waitUntil(flight);
    return await flight;
  }

  /** The entry held here, if it is fresh and bears this name. */
  current(identifier: string): Entry | null {
    const held = this.#held;
    if (held === undefined || !bearsName(held, identifier)) return null;
    return freshnessOf(held.fetchedAt, Date.now(), this.#config().cache) === "fresh" ? held : null;
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
    const config = this.#config();
    this.#behind(writeEntry(this.#shelf(config), entry, kvLifeSeconds(config.cache)));
  }

  async #fly(identifier: string, config: Config): Promise<Read> {
    if (this.#resolved !== undefined) {
      const known = within(NEIGHBOUR_WAIT_MS, this.#owner(this.#resolved).current(identifier));
      // Without its answer, Stytch's is as good.
      const entry = await known.catch(() => null);
      if (entry !== null) return { entry, how: "held", call: null };
    }
    const began = Date.now();
    const fetched = await fetchEntry(config, identifier);
    const { entry, call } = fetched;
    if (entry === undefined) {
      if (fetched.failure === "absent" && began >= this.#known) {
        this.#known = began;
        this.#held = undefined;
        this.#absentUntil = Date.now() + config.cache.negativeSeconds * 1_000;
      }
      return fetched;
    }
    if (entry.organizationId === identifier) this.hold(entry);
    else await this.#handOver(identifier, entry, config);
    return { entry, how: "fetched", call };
  }

  /** Before the answer, so that a caller who comes right after it finds the entry where it belongs. */
  async #handOver(name: string, entry: Entry, config: Config): Promise<void> {
    this.#resolved = entry.organizationId;
    this.#absentUntil = 0;
    await within(NEIGHBOUR_WAIT_MS, this.#owner(entry.organizationId).hold(entry))
      // The answer stands without it; the next caller asks Stytch again.
      .catch((error: unknown) => log({ degraded: ["organization_object"], defect: describe(error) }));
    if (!bearsName(entry, name)) return;
    this.#behind(writeAlias(this.#shelf(config), name, entry.organizationId, kvLifeSeconds(config.cache)));
  }

  #shelf(config: Config): Shelf {
    return { kv: this.env.ORGANIZATIONS, project: config.stytch.projectId };
  }

  #owner(organizationId: string) {
    return this.env.ORGANIZATION.getByName(organizationId, { locationHint: this.#config().upstreamRegion });
  }

  /** A failed write costs the next location a read of this object, and no answer. */
  #behind(write: Promise<void>): void {
    this.ctx.waitUntil(
      write.catch((error: unknown) => log({ degraded: ["kv_write"], defect: describe(error) })),
    );
  }

  #config(): Config {
    const configured = configOf(this.env);
    // Workers refuse every request before they come here.
    if (!("config" in configured)) throw new Error("misconfigured");
    return configured.config;
  }
}

function collapsed(read: Read): Read {
  return read.entry !== undefined && read.how === "fetched" ? { ...read, how: "collapsed" as const } : read;
}
