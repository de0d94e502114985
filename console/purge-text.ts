/** What to know before and after a purge: the same cautions as those of `npm run keys -- purge`. Pure. */

/** What Stytch accepts as an ID, a slug or an external ID. */
const STYTCH_NAME = /^[A-Za-z0-9._~|-]{1,128}$/;

const ORGANIZATION_ID = /^organization-(test|live)-/;

/** What a purge by this name may miss; null if nothing. */
export function purgeCaution(name: string): string | null {
  if (name === "" || ORGANIZATION_ID.test(name)) return null;
  return STYTCH_NAME.test(name)
    ? "Postern does not tell whether any organization has this name. Only a purge by ID (organization-…) is sure to end what was cached of one before it took the name."
    : "No organization of Stytch has such an ID, slug or external ID, so nothing is cached under it. A display name is none of them: purge by ID (organization-…).";
}

/** Postern does not say whether it had anything under the name. */
export const purgedText = (purged: string) =>
  `Asked Postern to end what is cached under ${purged}. It is in force everywhere within 5 seconds, or the LEASE_SECONDS of this deployment.`;
