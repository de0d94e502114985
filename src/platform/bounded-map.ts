/**
 * A map with a maximum size. Setting a key makes it the newest; when the map is full, the oldest entry goes. All that
 * an isolate keeps per key, organization or purge is bounded by one of these, so callers cannot exhaust its memory.
 */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>();
  readonly #maxSize: number;
  readonly #onEvict: (key: K, value: V) => void;

  /** `onEvict` is called with each entry that goes because the map is full, not with those that are deleted. */
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

  /** The entries, the oldest first. */
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map[Symbol.iterator]();
  }
}
