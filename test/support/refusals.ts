import { stytchError } from "./upstream.ts";

/** Answers that refuse Postern itself, whatever was asked for: an error, or a 404 that is not about an object. */
export const REFUSALS: readonly (readonly [string, () => Response])[] = [
  ["401", () => stytchError(401, "unauthorized_credentials")],
  ["403", () => stytchError(403, "organization_suspended")],
  ["408", () => stytchError(408, "request_timeout")],
  ["425", () => new Response("", { status: 425 })],
  ["499", () => stytchError(499, "client_closed_request")],
  ["302", () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } })],
  ["304", () => new Response(null, { status: 304 })],
  ["400 about the secret", () => stytchError(400, "secret_not_found")],
  ["400 about the protocol", () => stytchError(400, "use_https")],
  ["404 about the route", () => stytchError(404, "route_not_found")],
  ["404 about the project", () => stytchError(404, "project_not_found")],
  ["404 about a member", () => stytchError(404, "member_not_found")],
  ["404 in HTML", () => new Response("<html>", { status: 404 })],
  ["404 without a body", () => new Response(null, { status: 404 })],
];
