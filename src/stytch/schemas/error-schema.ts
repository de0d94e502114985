/** The body of a Stytch error, and what it says: https://stytch.com/docs/b2b/api/errors */
import * as z from "zod";

export const StytchError = z.looseObject({
  status_code: z.int().nullish(),
  request_id: z.string().nullish(),
  error_type: z.string().regex(/^[a-z0-9_]{1,128}$/),
  error_message: z.string().max(2_000),
  error_url: z.string().max(500).nullish(),
});

export type StytchError = z.output<typeof StytchError>;

/** Errors about Postern's own project ID or secret come as 400 as well as 401; they say nothing of what was asked. */
export function isAboutCredentials(errorType: string): boolean {
  return /^(unauthorized_|invalid_(project|secret|authorization|b2b_endpoint)|project_|bad_vertical|wrong_stack)/.test(
    errorType,
  );
}
