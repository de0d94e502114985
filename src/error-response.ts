/**
 * Turns a failure into what goes over the wire: the shape of a Stytch error, so that the SDKs raise their `StytchError`
 * (https://stytch.com/docs/b2b/api/errors).
 */
import type { ErrorBody } from "./error-docs/error-body.ts";
import { toWire } from "./error-wire.ts";
import type { Failure } from "./errors.ts";

/** The page that describes Postern's own error types, each at the anchor of its name. A static file, not a route. */
const ERRORS_PAGE_PATH = "/docs/errors";

/**
 * The answer to a failure of `request`. `status` replaces the failure's own. The body has all five fields of a Stytch
 * error, and never a field named `error`, which the Node SDK takes for OAuth. It repeats the request ID, since the SDKs
 * show it.
 */
export function failureResponse(
  failure: Failure,
  request: Pick<Request, "url">,
  requestId: string,
  status?: 503,
): Response {
  const wire = toWire(failure);
  const statusCode = status ?? wire.status;
  const errorType = wire.errorType ?? failure.type;
  const retryAfter =
    wire.retryAfterSeconds === undefined ? null : String(Math.max(1, Math.ceil(wire.retryAfterSeconds)));
  const body: ErrorBody = {
    status_code: statusCode,
    request_id: requestId,
    error_type: errorType,
    error_message: retryAfter === null ? wire.message : `${wire.message} Try again in ${retryAfter} s.`,
    error_url: wire.errorUrl ?? `${new URL(request.url).origin}${ERRORS_PAGE_PATH}#${errorType}`,
  };
  const headers = new Headers({ "Content-Type": "application/json" });
  if (retryAfter !== null) headers.set("Retry-After", retryAfter);
  for (const [name, value] of wire.headers ?? []) headers.append(name, value);
  return new Response(JSON.stringify(body), { status: statusCode, headers });
}
