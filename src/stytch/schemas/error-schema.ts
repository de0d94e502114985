/**
 * The body of a Stytch error: https://stytch.com/docs/b2b/api/errors. Only `status_code` and `error_type` decide what it
 * means. The texts are for people, so a body whose texts have another form counts, without them.
 */
import * as z from "zod";

export const StytchError = z.looseObject({
  status_code: z.int().nullish(),
  error_type: z.string().regex(/^[a-z0-9_]{1,128}$/),
  error_message: z.string().nullish().catch(null),
  error_url: z.string().max(500).nullish().catch(null),
});

export type StytchError = z.output<typeof StytchError>;

/** The types of a 400 that callers get; each is about what they asked for. */
export const ABOUT_REQUEST =
  /^(?:invalid_(?:organization|member|connected_app)_.+|invalid_email.*|invalid_id|bad_request|live_id_used_in_test_environment|test_id_used_in_live_environment|query_params_do_not_match)$/;

/**
 * The types of a 404 that say of an object that it does not exist. The noun right before the verb names the object:
 * `organization_member_not_found` is about a member, and `member_password_not_found` about a password.
 */
const MISSING_OBJECT =
  /^(?:\w+_)?(organization|member|connected_app)(?:_id|_slug|_external_id)?_(?:not_found|does_not_exist)(?:_|$)/;

/** The types of a 404 that say of an object's ID that nothing can have it. */
const INVALID_ID = /^invalid_(organization|member|connected_app)_(?:id|slug|external_id)$/;

/** The same, of whatever ID was sent. */
const INVALID_ANY_ID = /^(?:invalid_id|live_id_used_in_test_environment|test_id_used_in_live_environment)$/;

/** True if a 400 of this type is about what was asked for. Any other 400 is a refusal of Postern itself. */
export function isAboutRequest(errorType: string): boolean {
  return ABOUT_REQUEST.test(errorType);
}

/**
 * True if a 404 with this body says that what `operation` reads does not exist, or the organization that it belongs to.
 * Callers may deprovision on that, so a type that is not known to say so counts as a refusal: gateways and load balancers
 * have 404s of their own, and so have Stytch's routes, projects and secrets. So does a 404 about a policy: that an
 * organization has none does not mean that there is no such organization, and a project has one. `operation` ends with
 * the name of what it reads, such as `member`.
 */
export function isAboutObject({ status_code, error_type }: StytchError, operation: string): boolean {
  if (operation === "project_policy" || (status_code !== 404 && status_code != null)) return false;
  if (INVALID_ANY_ID.test(error_type)) return true;
  const object = (MISSING_OBJECT.exec(error_type) ?? INVALID_ID.exec(error_type))?.[1];
  if (object === undefined) return false;
  return object === "organization" || operation === object || operation.endsWith(`_${object}`);
}
