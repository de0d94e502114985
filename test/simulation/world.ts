/** What the parts of a simulated world share. */
import type { Limit } from "../../src/limits/bucket.ts";
import type { Agenda } from "./agenda.ts";
import type { Call } from "./load.ts";

export interface Setting {
  readonly seed: number;
  readonly limit: Limit;
  /** The bucket is full at first if this is not set. */
  readonly beginsEmpty?: boolean;
  readonly isolates: number;
  /** LEASE_SECONDS, in ms. */
  readonly leaseMs?: number;
  /** How long a message takes one way, in ms: at least, at most. */
  readonly delayMs: readonly [number, number];
  /** The share of messages, requests and responses alike, that never arrive. */
  readonly lost?: number;
  /** The share of requests that the object handles twice, as if a call that had succeeded was retried. */
  readonly twice?: number;
  /** How often a second an isolate ends, with all tokens that it holds. */
  readonly endsPerSecond?: number;
  readonly calls: readonly Call[];
}

export interface World {
  readonly setting: Setting;
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly admitted: number[];
  admittedLocally: number;
  refused: number;
  objectCalls: number;
  /** How long each call waited until it was admitted or refused. */
  readonly waitsMs: number[];
}

/** A whole number from `least`, below `most`. */
export const between = (random: () => number, least: number, most: number) =>
  Math.floor(least + random() * (most - least));

/** A message arrives after a while, or never. */
export function send({ agenda, random, setting }: World, arrive: () => void): void {
  if (random() >= (setting.lost ?? 0)) agenda.after(between(random, ...setting.delayMs), arrive);
}
