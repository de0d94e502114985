/** A fake Stytch with one organization, its members, apps and policies, which answers every read of Postern. */
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "./bodies.ts";
import { json, stubUpstream, stytchError, type Upstream } from "./upstream.ts";

export interface StytchWorld {
  readonly upstream: Upstream;
  readonly organization: Json;
  readonly organizationId: string;
  readonly slug: string;
  readonly member: Json;
  readonly memberId: string;
  readonly appId: string;
  /** Changes what `metrics` answers. */
  memberCount: number;
  /** What answers now, for `upstream.answer`. */
  respond(url: string): Response;
}

const BASE = "/v1/b2b/organizations";

export function createStytchWorld(): StytchWorld {
  const one = organization({ organization_external_id: `ext|${crypto.randomUUID()}` });
  const organizationId = String(one["organization_id"]);
  const names = [organizationId, one["organization_slug"], one["organization_external_id"]];
  const ada = member({ organization_id: organizationId, external_id: `hr-${crypto.randomUUID()}` });
  const appId = `connected-app-test-${crypto.randomUUID()}`;
  const app = { connected_app_id: appId, name: "CLI", description: "", client_type: "third_party" };
  const policy = { roles: [{ role_id: "r", description: "", permissions: [] }], resources: [], scopes: [] };
  const world: StytchWorld = {
    upstream: stubUpstream(({ url }) => world.respond(url)),
    organization: one,
    organizationId,
    slug: String(one["organization_slug"]),
    member: ada,
    memberId: String(ada["member_id"]),
    appId,
    memberCount: 3,
    respond: (url) => {
      const { pathname, searchParams } = new URL(url);
      const path = decodeURIComponent(pathname);
      if (path === "/v1/b2b/rbac/policy") return success({ policy });
      if (path === `${BASE}/members/dangerously_get/${world.memberId}`)
        return success(memberEnvelope(ada, one));
      const [, name = "", rest = ""] = /^\/v1\/b2b\/(?:rbac\/)?organizations\/([^/]+)(.*)$/.exec(path) ?? [];
      if (!names.includes(name)) return stytchError(404, "organization_not_found");
      if (path.startsWith("/v1/b2b/rbac/")) return success({ org_policy: { roles: policy.roles } });
      switch (rest) {
        case "":
          return success(organizationEnvelope(one));
        case "/metrics":
          return success({ member_count: world.memberCount });
        case "/connected_apps":
          return success({ connected_apps: [app] });
        case `/connected_apps/${appId}`:
          return success({ ...app, active_members: [{ member_id: world.memberId, granted_scopes: [] }] });
        case "/member": {
          const asked = [searchParams.get("member_id"), searchParams.get("email_address")];
          const isAda = asked.some((text) => [world.memberId, ada["email_address"]].includes(text));
          return isAda ? success(memberEnvelope(ada, one)) : stytchError(404, "member_not_found");
        }
        default:
          return stytchError(
            404,
            rest.startsWith("/connected_apps/") ? "connected_app_not_found" : "route_not_found",
          );
      }
    },
  };
  return world;
}

export interface WorldNames {
  readonly organization?: string;
  readonly member?: string;
  readonly app?: string;
}

/** The path of an operation in the world, or with other identifiers. `pattern`: Hono's. */
export function pathInWorld(world: StytchWorld, pattern: string, names: WorldNames = {}): string {
  const {
    organization: name = world.organizationId,
    member: who = world.memberId,
    app = world.appId,
  } = names;
  const path = pattern
    .replace(":organization_id", encodeURIComponent(name))
    .replace(":member_id", encodeURIComponent(who))
    .replace(":connected_app_id", encodeURIComponent(app));
  return path.endsWith("/member") ? `${path}?member_id=${encodeURIComponent(who)}` : path;
}

const success = (fields: Json) =>
  json({ request_id: `request-id-test-${crypto.randomUUID()}`, status_code: 200, ...fields });
