/**
 * A seeded stream of choices: the same seed gives the same data in Node, in the Worker and in tests.
 * mulberry32, which is small and even enough for sample data, and for nothing else.
 */

import type { JsonObject } from "./shapes.ts";

export interface Random {
  /** Whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean;
  /** These fields with this probability, else none: for objects whose fields come and go. */
  maybe(probability: number, fields: JsonObject): JsonObject;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Between `min` and `max` items of the list, in its order, none twice. */
  some<T>(list: readonly T[], min: number, max: number): T[];
  hex(digits: number): string;
  /** UUID of version 4, variant 1. */
  uuid(): string;
  /** RFC 3339, UTC, no fraction, at or after `from` and before `until` (the same form). */
  time(from: string, until: string): string;
}

export function createRandom(seed: number): Random {
  let state = seed;

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const hex = (digits: number) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join("");

  return {
    int,
    hex,
    chance: (probability) => next() < probability,
    maybe: (probability, fields) => (next() < probability ? fields : {}),
    pick: (list) => list[int(0, list.length - 1)] ?? list[0],
    some: (list, min, max) => {
      const kept = new Set<number>();
      const wanted = Math.min(int(min, max), list.length);
      while (kept.size < wanted) kept.add(int(0, list.length - 1));
      return list.filter((_, index) => kept.has(index));
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab"[int(0, 3)]}${hex(3)}-${hex(12)}`,
    time: (from, until) => {
      const start = Date.parse(from) / 1000;
      const seconds = start + int(0, Math.max(0, Date.parse(until) / 1000 - start - 1));
      return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
    },
  };
}
