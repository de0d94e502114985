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
  access: {
    type: "apiKey",
    in: "cookie",
    name: "CF_Authorization",
    description:
      "The cookie of a sign-in to Cloudflare Access, from a page of the deployment itself, if `ACCESS_AUD` is set. " +
      "Cloudflare checks it: no `Cf-Access-…` header proves anything to Postern.",
  },
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

/** What opens the admin API, the first that a request has in this order (`src/admin/operator.ts`). */
export const OPERATOR_SECURITY = [
  "adminToken",
  "access",
  "consoleCookie",
] as const satisfies readonly SecurityName[];
