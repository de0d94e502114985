/**
 * The faults that the sandbox can inject: the closed set of kinds, the schema of each, and the queue that chooses the
 * fault of a call. `fault-effects.ts` holds what each kind does.
 */

import * as z from "zod";

const STATUSES = [400, 401, 403, 404, 408, 409, 418, 429, 500, 502, 503, 504] as const;

const matchFields = {
  /** A substring of the path, raw or percent-decoded. Default: every API call matches. */
  match: z.string().min(1).optional(),
  /** The number of calls that get the fault. Default: all, until the faults are cleared. */
  times: z.int().min(1).max(1_000_000).optional(),
};

export const faultSchema = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("status"),
      status: z.literal(STATUSES),
      error_type: z.string().min(1).optional(),
      /** Sent unchanged, so that a test can try dates and malformed values as well as seconds. */
      retry_after: z.union([z.int(), z.string().regex(/^[\x20-\x7e]*$/)]).optional(),
      ...matchFields,
    })
    .refine((fault) => fault.retry_after === undefined || fault.status === 429 || fault.status === 503, {
      path: ["retry_after"],
      error: "only with status 429 or 503",
    }),
  z.strictObject({
    kind: z.literal(["missing_field", "mistyped_field"]),
    field: z.string().min(1),
    ...matchFields,
  }),
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
    ...matchFields,
  }),
]);

export type Fault = z.infer<typeof faultSchema>;

/** One sentence for each kind; a new kind does not compile without one. */
export const FAULT_DESCRIPTIONS: Record<Fault["kind"], string> = {
  status: "Responds with the error `status`, with `error_type` and `retry_after` if given.",
  hang: "Accepts the call and never responds, not even with headers.",
  drip: "Sends the headers at once and then one byte of the body a second.",
  cut: "Sends half the body and then breaks the connection.",
  html: "Responds 200 with an HTML page.",
  wrong_type: "Sends the right body as text/plain.",
  empty: "Responds 200 without a body.",
  array: "Responds 200 with `[]`.",
  null: "Responds 200 with `null`.",
  deep: "Puts 20,000 nested arrays into trusted_metadata.",
  huge: "Makes the body 3 MiB of valid JSON.",
  endless: "Sends a body that never ends, as fast as the caller reads it.",
  redirect: "Responds 302 with the URL of another host.",
  invalid_utf8: "Puts a byte that is invalid in UTF-8 into a string of trusted_metadata.",
  missing_field:
    "Removes `field` from the organization and the member, or from the envelope if neither has it.",
  mistyped_field: "Gives `field` a value of the wrong type, in the same places.",
  other_organization: "Responds with an organization other than the requested one.",
  echo: "Responds 400 with a message that repeats the Authorization header, raw and base64-decoded.",
};

export class FaultQueue {
  #entries: { fault: Fault; remaining: number }[] = [];

  get active(): Fault[] {
    return this.#entries.map((entry) => entry.fault);
  }

  add(fault: Fault): void {
    this.#entries.push({ fault, remaining: fault.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#entries = [];
  }

  /** Returns the oldest fault that matches the path, and uses it up once. */
  take(pathname: string): Fault | undefined {
    const entry = this.#entries.find(({ fault }) => matches(fault.match, pathname));
    if (entry === undefined) return undefined;
    entry.remaining -= 1;
    if (entry.remaining === 0) this.#entries = this.#entries.filter((other) => other !== entry);
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
