/** The admin API of the cache: an operator purges an organization, or the RBAC policy of the project. */
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import { purgeIdentifiers } from "../cache/purge/purge.ts";
import { PROJECT_POLICY_NAME } from "../cache/resource.ts";
import type { Purged } from "../directory/audit-answers.ts";
import { RequestError } from "../errors.ts";
import { PurgeBody } from "./purge-body.ts";
import { readBody } from "./request.ts";

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
  return Response.json({ purged } satisfies Purged);
}
