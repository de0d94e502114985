/** A request to a counted Worker (`counted/`): which isolate handles it, and at what time, in ms since the epoch. */
export interface TimedRequest {
  readonly ms: number;
  readonly isolate: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}
