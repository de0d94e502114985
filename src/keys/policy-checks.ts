/** What a policy must satisfy in this deployment and at this time. Each returns the problem with its field, or null. */
import type { Config } from "../config.ts";
import type { KeyEdit } from "./policy.ts";

const ORGANIZATION_ID = /^organization-(test|live)-[\w-]{1,200}$/;

/**
 * Stytch does not say which characters its IDs have, and not all end in a UUID. A slug, an external ID or a placeholder
 * such as `organization-live-…` would match no organization, so the key would silently see none.
 */
export function checkOrganizationIds(
  { organization_ids: ids }: Pick<KeyEdit, "organization_ids">,
  environment: Config["environment"],
): string | null {
  const index = ids?.findIndex((id) => ORGANIZATION_ID.exec(id)?.[1] !== environment) ?? -1;
  const id = ids?.[index];
  if (id === undefined) return null;
  const form = `organization-${environment}-<uuid>`;
  return ORGANIZATION_ID.test(id)
    ? `organization_ids.${index}: must be of the ${environment} environment, as this deployment is: ${form}`
    : `organization_ids.${index}: must be a whole organization ID, ${form}, not a slug or an external ID`;
}

/** For a creation: an edit may set a time in the past, which ends the key. `now`: ms since the epoch. */
export function checkNotExpired(
  { expires_at: expiresAt }: { readonly expires_at: string | null },
  now: number,
): string | null {
  if (expiresAt === null || Date.parse(expiresAt) > now) return null;
  return `expires_at: must be in the future: it is ${new Date(now).toISOString()} now`;
}
