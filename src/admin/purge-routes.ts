/** The admin API of the cache: an operator purges an organization, or the RBAC policy of the project. */
import type { Context } from "hono";
import * as z from "zod";
import type { AppEnv } from "../app-env.ts";
import { purgeIdentifiers } from "../cache/purge/purge.ts";
import { PROJECT_POLICY_NAME } from "../cache/resource.ts";
import { RequestError } from "../errors.ts";
import { containsKey } from "../keys/key-mix-up.ts";
import { IDENTIFIER_RULE, isIdentifier } from "../stytch/identifier.ts";
import { readBody } from "./request.ts";

const PurgeBody = z
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

/**
 * Answers 200 when the purge is in force everywhere within `LEASE_SECONDS`, whether anything is cached or not. A purge of
 * an organization ends what belongs to it, too.
 */
export async function purgeCache(c: Context<AppEnv>): Promise<Response> {
  const context = c.env;
  const { organization_id } = await readBody(context.request, PurgeBody);
  const [name, detail, purged] =
    organization_id === undefined
      ? [PROJECT_POLICY_NAME, { rbac_policy: true, by: "admin" }, "rbac_policy"]
      : [organization_id, { organization_id, by: "admin" }, organization_id];
  const failure = await purgeIdentifiers(context, [name], { actor: c.var.actor, detail });
  if (failure !== null) throw new RequestError(failure);
  return Response.json({ purged });
}
