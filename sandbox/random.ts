/**
 * A seeded pseudorandom number generator (mulberry32): the same seed gives the same sequence in Node, in the Worker and
 * in tests. It is uniform enough for sample data and simulated load, and not fit for cryptography.
 */

export interface Random {
  /** Returns a number from 0, inclusive, to 1, exclusive, as `Math.random` does. */
  fraction(): number;
  /** Returns an integer from `min` to `max`, both inclusive. */
  int(min: number, max: number): number;
  /** Returns true with this probability, 0 to 1. */
  chance(probability: number): boolean;
  /** Returns the fields with this probability, else an empty object: for optional fields of an object. */
  maybe<T extends object>(probability: number, fields: T): Partial<T>;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Returns `min` to `max` different items of the list, in its order. */
  sample<T>(list: readonly T[], min: number, max: number): T[];
  hex(digits: number): string;
  /** Returns a UUID of version 4 (RFC 9562 §5.4). */
  uuid(): string;
  /** Returns an RFC 3339 time in whole seconds UTC, at or after `from` and before `until`. */
  timestamp(from: string, until: string): string;
}

const HEX_DIGITS = "0123456789abcdef";

export function createRandom(seed: number): Random {
  let state = seed;

  function fraction(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const int = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1));

  /** The seed holds some 500,000 of these digits, and every start of the sandbox waits for them. */
  function hex(digits: number): string {
    let text = "";
    for (let i = 0; i < digits; i += 1) text += HEX_DIGITS[int(0, 15)];
    return text;
  }

  return {
    fraction,
    int,
    hex,
    chance: (probability) => fraction() < probability,
    maybe: (probability, fields) => (fraction() < probability ? fields : {}),
    pick: (list) => list[int(0, list.length - 1)] ?? list[0],
    sample: (list, min, max) => {
      const indexes = new Set<number>();
      const size = Math.min(int(min, max), list.length);
      while (indexes.size < size) indexes.add(int(0, list.length - 1));
      return list.filter((_, index) => indexes.has(index));
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab"[int(0, 3)]}${hex(3)}-${hex(12)}`,
    timestamp: (from, until) => {
      const start = Date.parse(from) / 1000;
      const seconds = start + int(0, Math.max(0, Date.parse(until) / 1000 - start - 1));
      return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
    },
  };
}
