/**
 * The three operations, as the Stytch API answers them: route, then credentials (the project before the
 * secret), then the object. Pure but for request IDs: the request in, an answer out.
 */

import { type Answer, failure, success } from "./answers.ts";
import { publicKey } from "./jwks.ts";
import type { Store } from "./store.ts";

export interface Credentials {
  STYTCH_PROJECT_ID: string;
  STYTCH_SECRET: string;
}

export function answer(request: Request, credentials: Credentials, store: Store): Answer {
  const url = new URL(request.url);
  const route = request.method === "GET" || request.method === "HEAD" ? findRoute(url.pathname) : undefined;
  if (route === undefined) {
    return failure(404, "route_not_found", "The route provided is not supported.");
  }
  if (route.id === undefined) {
    return failure(400, "bad_request", "The path is not valid percent-encoded UTF-8.");
  }
  if (route.name === "jwks") return answerJwks(route.id, credentials);

  const refusal = refuse(request.headers.get("authorization"), credentials);
  if (refusal !== undefined) return refusal;
  if (route.name === "organization") return answerOrganization(route.id, store);
  return answerMember(route.id, url.searchParams.get("include_deleted") === "true", store);
}

const ROUTES = [
  { name: "organization", path: /^\/v1\/b2b\/organizations\/([^/]+)$/ },
  { name: "member", path: /^\/v1\/b2b\/organizations\/members\/dangerously_get\/([^/]+)$/ },
  { name: "jwks", path: /^\/v1\/b2b\/sessions\/jwks\/([^/]+)$/ },
] as const;

function findRoute(pathname: string) {
  for (const { name, path } of ROUTES) {
    const segment = path.exec(pathname)?.[1];
    if (segment !== undefined) return { name, id: decode(segment) };
  }
  return undefined;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function refuse(authorization: string | null, credentials: Credentials): Answer | undefined {
  const basic = readBasic(authorization);
  if (basic !== undefined && basic.project !== credentials.STYTCH_PROJECT_ID) {
    return failure(
      400,
      "invalid_project_id_authentication",
      "The project ID provided in the basic authentication header is invalid. Please check to make sure the format is correct and there are no trailing whitespaces.",
    );
  }
  if (basic === undefined || basic.secret !== credentials.STYTCH_SECRET) {
    return failure(401, "unauthorized_credentials", "Unauthorized credentials.", {
      "www-authenticate": 'Basic realm="stytch"',
    });
  }
  return undefined;
}

function readBasic(authorization: string | null) {
  const decoded = decodeBasic(authorization);
  const colon = decoded?.indexOf(":") ?? -1;
  if (decoded === undefined || colon < 0) return undefined;
  return { project: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

/** What stands after `Basic`, decoded; undefined if that is not what the header holds. */
export function decodeBasic(authorization: string | null): string | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? "")?.[1];
  try {
    return encoded === undefined ? undefined : atob(encoded);
  } catch {
    return undefined;
  }
}

function answerOrganization(key: string, store: Store): Answer {
  const organization = store.findOrganization(key);
  if (organization === undefined) {
    return failure(404, "organization_not_found", "The organization could not be found.");
  }
  return success({ organization });
}

function answerMember(id: string, includeDeleted: boolean, store: Store): Answer {
  const member = store.findMember(id);
  const hidden = member === undefined || (member.status === "deleted" && !includeDeleted);
  const organization = hidden ? undefined : store.findOrganization(member.organization_id);
  if (member === undefined || organization === undefined) {
    return failure(404, "member_not_found", "The member could not be found.");
  }
  return success({ member, member_id: member.member_id, organization });
}

function answerJwks(projectId: string, credentials: Credentials): Answer {
  if (projectId !== credentials.STYTCH_PROJECT_ID) {
    return failure(404, "project_not_found", "The project could not be found.");
  }
  return success({ keys: [publicKey] }, { "cache-control": "public, max-age=900" });
}
