/** What `npm run growth` tells the Worker of `bench/counted/growing.ts`, and what that answers. */

/** `POST /_prepare`: what an isolate is to know. The purges concern none of the organizations. */
export interface World {
  readonly organizations: number;
  readonly keys: number;
  readonly purges: number;
}

/** `POST /_hits`: requests that the isolate sends to itself, `msApart` on its clock, the first after `skipMs`. */
export interface HitOrder {
  readonly requests: number;
  readonly skipMs: number;
  readonly msApart: number;
  /** Organizations and keys in turn, which is the worst order for a cache that is too small, or by Zipf's law. */
  readonly order: "turn" | "zipf";
}

export interface HitCounts {
  readonly kvReads: number;
  readonly objectCalls: number;
}

/** `POST /_fill`: how many keys and purges the Directory is to have. They only become more. */
export type Filling = Pick<World, "keys" | "purges">;

/** What the Directory does, or a key's own object, or with `apply` the isolate. */
export type Operation =
  | "issue"
  | "edit"
  | "page"
  | "middlePage"
  | "search"
  | "vainSearch"
  | "overview"
  | "scrape"
  | "editAndScrape"
  | "report"
  | "nextSync"
  | "firstSync"
  | "purge"
  | "apply"
  | "record"
  | "usage";

/** `POST /_operate`. `isCounted`: whether to count rows, which takes time itself. */
export interface OperationOrder {
  readonly operation: Operation;
  readonly times: number;
  readonly isCounted: boolean;
}

/** What all repetitions took together. `bytes` is the size of the last answer, as JSON. */
export interface OperationCounts {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly bytes: number;
}
