/**
 * The faults that the sandbox can be told to have: the closed set of kinds, the shape in which each is asked
 * for, and the queue that decides which of them befalls a call. What each does is in `fault-effects.ts`.
 */

import * as z from "zod";

const STATUSES = [400, 401, 403, 404, 408, 409, 418, 429, 500, 502, 503, 504] as const;

const aim = {
  /** Part of the path, as it was sent or percent-decoded; without it every API call matches. */
  match: z.string().min(1).optional(),
  /** How many calls it befalls; without it, all until the faults are cleared. */
  times: z.int().min(1).max(1_000_000).optional(),
};

export const faultSchema = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("status"),
      status: z.literal(STATUSES),
      error_type: z.string().min(1).optional(),
      /** Sent as it is, so that dates and nonsense can be tried as well as seconds. */
      retry_after: z.union([z.int(), z.string().regex(/^[\x20-\x7e]*$/)]).optional(),
      ...aim,
    })
    .refine((fault) => fault.retry_after === undefined || fault.status === 429 || fault.status === 503, {
      path: ["retry_after"],
      error: "only with status 429 or 503",
    }),
  z.strictObject({ kind: z.literal(["missing_field", "mistyped_field"]), field: z.string().min(1), ...aim }),
  z.strictObject({
    kind: z.literal([
      "hang",
      "drip",
      "cut",
      "html",
      "wrong_type",
      "empty",
      "array",
      "null",
      "deep",
      "huge",
      "endless",
      "redirect",
      "invalid_utf8",
      "other_organization",
      "echo",
    ]),
    ...aim,
  }),
]);

export type Fault = z.infer<typeof faultSchema>;

/** A sentence for each kind; a new kind does not compile without one. */
export const FAULT_KINDS: Record<Fault["kind"], string> = {
  status: "Answers with the error `status`, its `error_type` and `retry_after` if given.",
  hang: "Accepts the call and never answers, not even with headers.",
  drip: "Sends the headers at once and then one byte of the body a second.",
  cut: "Sends half the body and then breaks the connection.",
  html: "Answers 200 with a page of HTML.",
  wrong_type: "Sends the right body as text/plain.",
  empty: "Answers 200 without a body.",
  array: "Answers 200 with `[]`.",
  null: "Answers 200 with `null`.",
  deep: "Puts 20,000 nested arrays into trusted_metadata.",
  huge: "Makes the body 3 MiB of valid JSON.",
  endless: "Sends a body that never ends, as fast as it is read.",
  redirect: "Answers 302 to another host.",
  invalid_utf8: "Puts a byte that UTF-8 does not have into a string of trusted_metadata.",
  missing_field: "Leaves `field` out of the organization and the member, or else out of the envelope.",
  mistyped_field: "Gives `field` a value of the wrong type, in the same places.",
  other_organization: "Answers with another organization than the one asked for.",
  echo: "Answers 400 with a message that repeats the Authorization header, as sent and base64-decoded.",
};

export class FaultQueue {
  #entries: { fault: Fault; left: number }[] = [];

  get active(): Fault[] {
    return this.#entries.map((entry) => entry.fault);
  }

  add(fault: Fault): void {
    this.#entries.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#entries = [];
  }

  /** The oldest fault that matches the path, one use of it spent. */
  take(pathname: string): Fault | undefined {
    const entry = this.#entries.find(({ fault }) => matches(fault.match, pathname));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left === 0) this.#entries = this.#entries.filter((other) => other !== entry);
    return entry.fault;
  }
}

function matches(match: string | undefined, pathname: string): boolean {
  if (match === undefined || pathname.includes(match)) return true;
  try {
    return decodeURIComponent(pathname).includes(match);
  } catch {
    return false;
  }
}
