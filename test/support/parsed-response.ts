/** A response of Stytch as it is parsed, for tests of the parser. */
import { parseResponse } from "../../src/stytch/parse-response.ts";
import { OrganizationEnvelope } from "../../src/stytch/schemas/organization-schema.ts";

export const NOW = Date.parse("2026-10-21T07:28:00Z");
export const SECRET = "secret-of-the-test";

export const redact = (text: string) => text.replaceAll(SECRET, "[removed]");
export const encode = (body: unknown) =>
  Uint8Array.from(new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)));

export function read(status: number, body: unknown, retryAfter: string | null = null) {
  const bytes = body instanceof Uint8Array ? Uint8Array.from(body) : encode(body);
  return parseResponse({ status, retryAfter, bytes }, "organization", OrganizationEnvelope, redact, NOW);
}

export const error = (errorType: string, fields: object = {}) => ({
  status_code: 400,
  request_id: "request-id-test-1",
  error_type: errorType,
  error_message: "No.",
  error_url: "https://stytch.com/docs/api/errors/400#x",
  ...fields,
});
