/**
 * The three operations, as the Stytch API serves them. The checks run in Stytch's order: route, then credentials (the
 * project before the secret), then the object. Nothing here does I/O.
 */

import { publicKey } from "./jwks.ts";
import { type ApiResponse, createError, createSuccess } from "./responses.ts";
import type { Store } from "./store.ts";

export interface Credentials {
  STYTCH_PROJECT_ID: string;
  STYTCH_SECRET: string;
}

export function handleApiRequest(request: Request, credentials: Credentials, store: Store): ApiResponse {
  const url = new URL(request.url);
  const route = request.method === "GET" || request.method === "HEAD" ? matchRoute(url.pathname) : undefined;
  if (route === undefined) {
    return createError(404, "route_not_found", "The route provided is not supported.");
  }
  if (route.id === undefined) {
    return createError(400, "bad_request", "The path is not valid percent-encoded UTF-8.");
  }
  if (route.name === "jwks") return getJwks(route.id, credentials);

  const error = checkCredentials(request.headers.get("authorization"), credentials);
  if (error !== undefined) return error;
  if (route.name === "organization") return getOrganization(route.id, store);
  return getMember(route.id, url.searchParams.get("include_deleted") === "true", store);
}

const ROUTES = [
  { name: "organization", path: /^\/v1\/b2b\/organizations\/([^/]+)$/ },
  { name: "member", path: /^\/v1\/b2b\/organizations\/members\/dangerously_get\/([^/]+)$/ },
  { name: "jwks", path: /^\/v1\/b2b\/sessions\/jwks\/([^/]+)$/ },
] as const;

function matchRoute(pathname: string) {
  for (const { name, path } of ROUTES) {
    const segment = path.exec(pathname)?.[1];
    if (segment !== undefined) return { name, id: decodeSegment(segment) };
  }
  return undefined;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function checkCredentials(authorization: string | null, credentials: Credentials): ApiResponse | undefined {
  const basic = parseBasic(authorization);
  if (basic !== undefined && basic.project !== credentials.STYTCH_PROJECT_ID) {
    return createError(
      400,
      "invalid_project_id_authentication",
      "The project ID provided in the basic authentication header is invalid. Please check to make sure the format is correct and there are no trailing whitespaces.",
    );
  }
  if (basic === undefined || basic.secret !== credentials.STYTCH_SECRET) {
    return createError(401, "unauthorized_credentials", "Unauthorized credentials.", {
      "www-authenticate": 'Basic realm="stytch"',
    });
  }
  return undefined;
}

function parseBasic(authorization: string | null) {
  const decoded = decodeBasic(authorization);
  const colon = decoded?.indexOf(":") ?? -1;
  if (decoded === undefined || colon < 0) return undefined;
  return { project: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

/** Decodes the token of an `Authorization: Basic` header (RFC 7617); undefined if it is absent or not base64. */
export function decodeBasic(authorization: string | null): string | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? "")?.[1];
  try {
    return encoded === undefined ? undefined : atob(encoded);
  } catch {
    return undefined;
  }
}

function getOrganization(key: string, store: Store): ApiResponse {
  const organization = store.findOrganization(key);
  if (organization === undefined) {
    return createError(404, "organization_not_found", "The organization could not be found.");
  }
  return createSuccess({ organization });
}

function getMember(id: string, includeDeleted: boolean, store: Store): ApiResponse {
  const member = store.findMember(id);
  const isHidden = member === undefined || (member.status === "deleted" && !includeDeleted);
  const organization = isHidden ? undefined : store.findOrganization(member.organization_id);
  if (member === undefined || organization === undefined) {
    return createError(404, "member_not_found", "The member could not be found.");
  }
  return createSuccess({ member, member_id: member.member_id, organization });
}

function getJwks(projectId: string, credentials: Credentials): ApiResponse {
  if (projectId !== credentials.STYTCH_PROJECT_ID) {
    return createError(404, "project_not_found", "The project could not be found.");
  }
  return createSuccess({ keys: [publicKey] }, { "cache-control": "public, max-age=900" });
}
