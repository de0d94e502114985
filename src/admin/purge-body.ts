/** The body of `POST /admin/cache/purge`. */
import * as z from "zod";
import { containsKey } from "../keys/key-mix-up.ts";
import { IDENTIFIER_RULE, isIdentifier } from "../stytch/identifier.ts";

export const PurgeBody = z
  .strictObject({
    organization_id: z
      .string("must be a string")
      .refine(isIdentifier, IDENTIFIER_RULE)
      // The audit log will show it.
      .refine((text) => !containsKey(text), "must be an organization's ID, slug or external ID, not a key")
      .optional(),
    rbac_policy: z.literal(true, "must be true").optional(),
  })
  .refine(
    ({ organization_id, rbac_policy }) => (organization_id === undefined) !== (rbac_policy === undefined),
    { path: ["organization_id"], error: "must be given, or rbac_policy instead of it" },
  );
