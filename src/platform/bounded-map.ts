/**
 * A map with a maximum size. To set a key makes it the newest; if the map is then too large, the oldest entry is
 * evicted. Whatever an isolate keeps per key, organization or purge is in such a map, so that callers cannot exhaust
 * its memory.
 */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>();
  readonly #maxSize: number;
  readonly #onEvict: (key: K, value: V) => void;

  /** `onEvict` is called with each evicted entry, but not with deleted or cleared ones. */
  constructor(maxSize: number, onEvict: (key: K, value: V) => void = () => {}) {
    this.#maxSize = maxSize;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** Adds or replaces an entry, and makes it the newest. */
  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#maxSize) return;
    for (const [oldestKey, oldest] of this.#map) {
      this.#map.delete(oldestKey);
      this.#onEvict(oldestKey, oldest);
      return;
    }
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
  }

  /** Iterates over the entries, the oldest first. */
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map[Symbol.iterator]();
  }
}
