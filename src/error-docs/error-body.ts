/** The body of every failure: the shape of a Stytch error. For types, `openapi.json` and tests: no part of the Worker. */
import * as z from "zod";

export const ErrorBody = z.strictObject({
  status_code: z.int().describe("The status of the response"),
  request_id: z.uuid().describe("The value of `X-Request-Id`: quote it to the operator"),
  error_type: z.string().describe("What happened, for programs: described at `/docs/errors`"),
  error_message: z.string().min(1).describe("What happened, for people"),
  error_url: z.url().describe("Leads to the description of the type"),
});
export type ErrorBody = z.output<typeof ErrorBody>;
