/** How a request to Stytch ended, in the few classes that are counted. Pure. */
import type { Result } from "../result.ts";
import type { SentRequest } from "./fetch-with-retry.ts";
import type { StytchFailure } from "./parse-response.ts";

export type RequestOutcome =
  | "ok"
  | "not_found"
  | "bad_request"
  | "rejected"
  | "invalid_response"
  | "rate_limited"
  | "unavailable"
  | "timeout";

/** Told of every request to Stytch, retries included. `operation`: that of the read. */
export type RequestObserver = (operation: string, outcome: RequestOutcome, ms: number) => void;

/** Reports all requests of one call. The call's `result` is that of the last one; the others were followed by a retry. */
export function observeRequests(
  observe: RequestObserver,
  operation: string,
  requests: readonly SentRequest[],
  result: Result<unknown, StytchFailure>,
): void {
  for (const [index, request] of requests.entries()) {
    const isLast = index === requests.length - 1;
    observe(operation, isLast ? outcomeOfResult(result) : outcomeBeforeRetry(request), request.ms);
  }
}

/** Only a refused secret, a failed connection and a 502, 503 or 504 are followed by another request. */
const outcomeBeforeRetry = ({ outcome }: SentRequest): RequestOutcome =>
  outcome === 401 ? "rejected" : "unavailable";

function outcomeOfResult(result: Result<unknown, StytchFailure>): RequestOutcome {
  if (result.ok) return "ok";
  const { failure } = result;
  if (failure === "not_found") return failure;
  switch (failure.type) {
    case "upstream_bad_request":
      return "bad_request";
    case "upstream_invalid_response":
      return "invalid_response";
    case "upstream_rate_limited":
      return "rate_limited";
    case "upstream_unavailable":
      return "unavailable";
    case "upstream_timeout":
      return "timeout";
    default:
      return "rejected";
  }
}
