/** The admin API of the cache: an operator purges an organization. */
import type { Context } from "hono";
import * as z from "zod";
import type { AppEnv } from "../app-env.ts";
import { purgeIdentifiers } from "../cache/purge/purge.ts";
import { RequestError } from "../errors.ts";
import { containsKey } from "../keys/key-mix-up.ts";
import { IDENTIFIER_RULE, isIdentifier } from "../stytch/identifier.ts";
import { readBody } from "./request.ts";

const PurgeBody = z.strictObject({
  organization_id: z
    .string("must be a string")
    .refine(isIdentifier, IDENTIFIER_RULE)
    // The audit log will show it.
    .refine((text) => !containsKey(text), "must be an organization's ID, slug or external ID, not a key"),
});

/** Answers 200 when the purge is in force everywhere within `LEASE_SECONDS`, whether the organization is cached or not. */
export async function purgeOrganization(c: Context<AppEnv>): Promise<Response> {
  const context = c.env;
  const { organization_id } = await readBody(context.request, PurgeBody);
  const detail = { organization_id, by: "admin" };
  const failure = await purgeIdentifiers(context, [organization_id], detail);
  if (failure !== null) throw new RequestError(failure);
  return Response.json({ purged: organization_id });
}
