/** The answer of `GET /console/session`. For types, `openapi.json` and tests: no part of the Worker. */
import * as z from "zod";

export const SignIn = z.strictObject({
  actor: z.string().nullable().describe("Who is signed in, as the audit log names it; null if nobody is"),
  expires_at: z.iso.datetime().nullable().describe("The end of the cookie; null if none was used"),
});
export type SignIn = z.output<typeof SignIn>;
