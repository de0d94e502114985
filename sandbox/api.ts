/**
 * The three operations, as the Stytch API serves them. The checks run in Stytch's order: route, encoding of the path,
 * credentials (except for the public keys), then the object. No handler does I/O.
 */

import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { requireCredentials, type SandboxEnv } from "./credentials.ts";
import { publicKey } from "./jwks.ts";
import { createError, createSuccess } from "./responses.ts";
import type { Store } from "./store.ts";

export function createApi(store: Store): Hono<SandboxEnv> {
  const api = new Hono<SandboxEnv>();

  api.get("/organizations/:organization_id", requireValidEncoding, requireCredentials, (c) => {
    const organization = store.findOrganization(c.req.param("organization_id"));
    if (organization === undefined) {
      return createError(404, "organization_not_found", "The organization could not be found.");
    }
    return createSuccess({ organization });
  });

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

  api.get("/sessions/jwks/:project_id", requireValidEncoding, (c) => {
    if (c.req.param("project_id") !== c.env.STYTCH_PROJECT_ID) {
      return createError(404, "project_not_found", "The project could not be found.");
    }
    return createSuccess({ keys: [publicKey] }, { "cache-control": "public, max-age=900" });
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
