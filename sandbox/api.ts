/**
 * The operations that Postern proxies, as the Stytch API serves them. The checks run in Stytch's order: route, encoding of the path,
 * credentials (except for the public keys), then the object.
 */

import { Hono, type Context as HonoContext } from "hono";
import { createMiddleware } from "hono/factory";
import { requireCredentials, type SandboxEnv } from "./credentials.ts";
import { createError, createSuccess } from "./responses.ts";
import { findConnectedApp, listConnectedApps } from "./seed-connected-apps.ts";
import { createOrganizationPolicy, projectPolicy } from "./seed-rbac.ts";
import type { Organization } from "./shapes.ts";
import type { SandboxState } from "./state.ts";

type Context = HonoContext<SandboxEnv>;

export function createApi({ store, signer }: Pick<SandboxState, "store" | "signer">): Hono<SandboxEnv> {
  const api = new Hono<SandboxEnv>();

  /** A call about one organization, which every call may name by ID, slug or external ID. */
  const getOfOrganization = (path: string, answer: (organization: Organization, c: Context) => Response) =>
    api.get(path, requireValidEncoding, requireCredentials, (c) => {
      const organization = store.findOrganization(c.req.param("organization_id") ?? "");
      if (organization === undefined) {
        return createError(404, "organization_not_found", "The organization could not be found.");
      }
      return answer(organization, c);
    });

  getOfOrganization("/organizations/:organization_id", (organization) => createSuccess({ organization }));

  getOfOrganization("/organizations/:organization_id/metrics", ({ organization_id: id }) =>
    createSuccess({
      member_count: store.membersOf(id).filter(({ status }) => status !== "deleted").length,
    }),
  );

  getOfOrganization("/organizations/:organization_id/connected_apps", (organization) =>
    createSuccess({ connected_apps: listConnectedApps(organization) }),
  );

  getOfOrganization("/organizations/:organization_id/connected_apps/:connected_app_id", (organization, c) => {
    const members = store.membersOf(organization.organization_id);
    const app = findConnectedApp(organization, members, c.req.param("connected_app_id") ?? "");
    return app === undefined
      ? createError(404, "connected_app_not_found", "The connected app could not be found.")
      : createSuccess(app);
  });

  getOfOrganization("/organizations/:organization_id/member", (organization, c) => {
    const { member_id: id, email_address: address } = c.req.query();
    if (id === undefined && address === undefined) {
      return createError(400, "invalid_member_get_fields", "Give a member_id or an email_address.");
    }
    const member = store
      .membersOf(organization.organization_id)
      .find(
        (one) =>
          one.status !== "deleted" &&
          (id === undefined || one.member_id === id || one["external_id"] === id) &&
          (address === undefined || one.email_address.toLowerCase() === address.toLowerCase()),
      );
    return member === undefined
      ? createError(404, "member_not_found", "The member could not be found.")
      : createSuccess({ member, member_id: member.member_id, organization });
  });

  getOfOrganization("/rbac/organizations/:organization_id", (organization) =>
    createSuccess({ org_policy: createOrganizationPolicy(organization) }),
  );

  api.get("/rbac/policy", requireCredentials, () => createSuccess({ policy: projectPolicy }));

  api.get(
    "/organizations/members/dangerously_get/:member_id",
    requireValidEncoding,
    requireCredentials,
    (c) => {
      const member = store.findMember(c.req.param("member_id"));
      const isHidden = member?.status === "deleted" && c.req.query("include_deleted") !== "true";
      const organization = member && store.findOrganization(member.organization_id);
      if (member === undefined || organization === undefined || isHidden) {
        return createError(404, "member_not_found", "The member could not be found.");
      }
      return createSuccess({ member, member_id: member.member_id, organization });
    },
  );

  api.get("/sessions/jwks/:project_id", requireValidEncoding, async (c) => {
    if (c.req.param("project_id") !== c.env.STYTCH_PROJECT_ID) {
      return createError(404, "project_not_found", "The project could not be found.");
    }
    return createSuccess({ keys: [await signer.publicJwk()] }, { "cache-control": "public, max-age=900" });
  });

  return api;
}

/** Runs before any use of `c.req.param`, which leaves invalid percent-encoding undecoded. */
const requireValidEncoding = createMiddleware<SandboxEnv>(async (c, next) => {
  try {
    decodeURIComponent(c.req.path);
  } catch {
    return createError(400, "bad_request", "The path is not valid percent-encoded UTF-8.");
  }
  return await next();
});
