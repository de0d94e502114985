/** How Stytch fails in the model test. The numbers of the faults are those of its cases: new ones go to the end. */
import { json, stytchError } from "./upstream.ts";

/** What the 429 with a `Retry-After` says. Some waits of the model are shorter, and some longer. */
export const RETRY_AFTER_SECONDS = 20;

interface Fault {
  /** The type of the error that a caller gets for it if nothing hides it. */
  readonly errorType: string;
  readonly retryAfterSeconds?: number;
  readonly respond: () => Response;
}

export const UNREACHABLE: Fault = {
  errorType: "upstream_unavailable",
  respond: () => {
    throw new TypeError("refused");
  },
};

/** A refusal of Postern itself, which says nothing of the organization. */
const refusal = (respond: () => Response): Fault => ({ errorType: "upstream_rejected", respond });

export const FAULTS: readonly Fault[] = [
  { errorType: "upstream_unavailable", respond: () => stytchError(503, "x") },
  {
    errorType: "upstream_rate_limited",
    // Postern's own pause, since Stytch names none.
    retryAfterSeconds: 2,
    respond: () => stytchError(429, "too_many_requests"),
  },
  { errorType: "upstream_invalid_response", respond: () => new Response("<html>") },
  {
    errorType: "upstream_invalid_response",
    respond: () => json({ request_id: "r", organization: {} }),
  },
  UNREACHABLE,
  refusal(() => stytchError(401, "unauthorized_credentials")),
  refusal(() => stytchError(403, "unauthorized_action")),
  refusal(() => stytchError(400, "secret_not_found")),
  refusal(() => new Response("<html>Not Found</html>", { status: 404 })),
  {
    errorType: "upstream_rate_limited",
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    respond: () => {
      const response = stytchError(429, "too_many_requests");
      response.headers.set("Retry-After", String(RETRY_AFTER_SECONDS));
      return response;
    },
  },
];
