/** The ways to present credentials. */

export const SECURITY_SCHEMES = {
  key: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "pst_<test|live>_<key_id>_<rest>",
    description: "A Postern key, which the operator issues.",
  },
  keyAsPassword: {
    type: "http",
    scheme: "basic",
    description: "The key as the password, with any user name: what the SDKs of Stytch send.",
  },
  session: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The session JWT of a member, if the operator has set a session policy.",
  },
  adminToken: { type: "http", scheme: "bearer", description: "The deployment's `ADMIN_TOKEN`." },
  consoleCookie: {
    type: "apiKey",
    in: "cookie",
    name: "__Host-postern",
    description: "The cookie of a sign-in to the console, from a page of the deployment itself.",
  },
  metricsToken: {
    type: "http",
    scheme: "bearer",
    description: "The deployment's `METRICS_TOKEN` or `ADMIN_TOKEN`.",
  },
  svix: {
    type: "apiKey",
    in: "header",
    name: "svix-signature",
    description: "A signature by Svix over the body, `svix-id` and `svix-timestamp`, at most 5 minutes old.",
  },
} as const;

export type SecurityName = keyof typeof SECURITY_SCHEMES;
