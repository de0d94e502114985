/** The body of a Stytch error: https://stytch.com/docs/b2b/api/errors */
import * as z from "zod";

export const StytchError = z.looseObject({
  status_code: z.int().nullish(),
  request_id: z.string().nullish(),
  error_type: z.string().regex(/^[a-z0-9_]{1,128}$/),
  error_message: z.string().max(2_000),
  error_url: z.string().max(500).nullish(),
});

export type StytchError = z.output<typeof StytchError>;

/** The types of a 400 that callers get; each is about what they asked for. */
const ABOUT_REQUEST =
  /^(?:invalid_(?:organization|member|connected_app)_.+|invalid_email.*|invalid_id|bad_request|live_id_used_in_test_environment|test_id_used_in_live_environment|query_params_do_not_match)$/;

/** The words of a type that is about Postern's own call: how it came, for which project, and with which credentials. */
const ABOUT_CALL =
  /(?:^|_)(?:route|endpoint|method|https|project|workspace|environment|vertical|stack|billing|secret|tokens?|client|credentials|authentication|authorization|authorized|unauthorized|sdk)(?:_|$)/;

/** True if a 400 of this type is about what was asked for. Any other 400 is a refusal of Postern itself. */
export function isAboutRequest(errorType: string): boolean {
  return ABOUT_REQUEST.test(errorType);
}

/**
 * True if a 404 with this body says that the object does not exist. Callers may deprovision on that, so a body of
 * Stytch's own is required: a load balancer has no `error_type`, and its status is not enough. The exact types of
 * Stytch's 404s for objects are not documented, so an unknown type counts, too, unless a word of it names the route, the
 * project or the credentials of the call (`route_not_found`, `project_not_found`, `secret_not_found`).
 */
export function isAboutObject({ status_code, error_type }: StytchError): boolean {
  if (status_code !== 404 && status_code != null) return false;
  return isAboutRequest(error_type) || !ABOUT_CALL.test(error_type);
}
