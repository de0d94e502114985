/** What callers ask Postern about themselves, and what nobody needs a key for. */
import { KEY_OR_SESSION_CALLER, UPSTREAM } from "../error-sets.ts";
import * as examples from "../examples.ts";
import type { Operation } from "../operation.ts";
import { queryParametersOf } from "../parameters.ts";

const optionalHeaders = ["RateLimit-Policy", "RateLimit"] as const;

export const CALLER_OPERATIONS: readonly Operation[] = [
  {
    id: "whoami",
    method: "get",
    path: "/whoami",
    tag: "Callers",
    summary: "Describe the caller's key or session",
    description: "It takes no call from the rate limit.",
    security: ["key", "keyAsPassword", "session"],
    parameters: [],
    answers: {
      200: {
        description: "The record of the key less its name, or the session with what its policy allows.",
        headers: ["Vary"],
        optionalHeaders,
        content: {
          "application/json": {
            schema: ["KeyIdentity", "SessionIdentity"],
            examples: {
              key: { summary: "A key", value: examples.keyIdentity },
              session: { summary: "A member's session", value: examples.sessionIdentity },
            },
          },
        },
      },
    },
    errors: [...KEY_OR_SESSION_CALLER, ...UPSTREAM],
    isForCallers: true,
    isKeyed: true,
  },
  {
    id: "whoami_usage",
    method: "get",
    path: "/whoami/usage",
    tag: "Callers",
    summary: "Count the calls of the caller's key by the hour",
    description:
      "It takes no call from the rate limit. A session has no usage of its own, so it is refused with 403.",
    security: ["key", "keyAsPassword"],
    parameters: queryParametersOf("usage"),
    answers: {
      200: {
        description: "The hours with traffic.",
        headers: ["Vary"],
        optionalHeaders,
        content: { "application/json": { schema: "KeyUsage", example: examples.keyUsage } },
      },
    },
    errors: [...KEY_OR_SESSION_CALLER, ...UPSTREAM, "insufficient_scope", "invalid_query_parameter"],
    isForCallers: true,
    isKeyed: true,
  },
  {
    id: "healthz",
    method: "get",
    path: "/healthz",
    tag: "Watching",
    summary: "Check that the deployment is configured",
    description: "No key is needed, and nothing is asked of Stytch.",
    security: [],
    parameters: [],
    answers: {
      200: {
        description: "It is.",
        headers: [],
        content: {
          "application/json": {
            schema: {
              type: "object",
              properties: { status: { const: "ok" } },
              required: ["status"],
              additionalProperties: false,
            },
            example: { status: "ok" },
          },
        },
      },
    },
    errors: [],
    errorStatus: { misconfigured: 503 },
    isForCallers: true,
    isKeyed: false,
  },
];
