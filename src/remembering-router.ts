/**
 * A router that remembers what it has matched. Most requests ask for a path that has been asked for before, and to match
 * one takes a twentieth of a hit.
 */
import type { Result, Router } from "hono/router";

/** As many as an isolate's memory holds of small organizations, and a megabyte or two. */
const MAX_PATHS = 5_000;
/** Longer than most paths with a name. */
const MAX_PATH_CHARACTERS = 200;
/** The reads of callers. Other paths are rare, or contain a secret, such as that of a hand-over. */
const REMEMBERED = "/v1/";

export class RememberingRouter<T> implements Router<T> {
  readonly name = "RememberingRouter";
  readonly #router: Router<T>;
  /** By path, of GET requests. What a router returns is read, and never changed. */
  readonly #matched = new Map<string, Result<T>>();

  constructor(router: Router<T>) {
    this.#router = router;
  }

  add(method: string, path: string, handler: T): void {
    this.#matched.clear();
    this.#router.add(method, path, handler);
  }

  match(method: string, path: string): Result<T> {
    if (method !== "GET" || path.length > MAX_PATH_CHARACTERS || !path.startsWith(REMEMBERED))
      return this.#router.match(method, path);
    const known = this.#matched.get(path);
    if (known !== undefined) return known;
    // Whoever asks for many paths makes the others forgotten, which costs time only.
    if (this.#matched.size >= MAX_PATHS) this.#matched.clear();
    const result = this.#router.match(method, path);
    this.#matched.set(path, result);
    return result;
  }
}
