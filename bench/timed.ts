/** A request to a counted Worker: at a time, in ms since the epoch, and in an isolate. */
export interface Timed {
  readonly ms: number;
  readonly isolate: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}
