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

/** True if an error is about Postern's own project or secret. Stytch sends some of these with 400 instead of 401. */
export function isAboutCredentials(errorType: string): boolean {
  return /^(unauthorized_|invalid_(project|secret|authorization|b2b_endpoint)|project_|bad_vertical|wrong_stack)/.test(
    errorType,
  );
}
