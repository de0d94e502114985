/** The reads of callers, from the table that the routes are made from. */
import { CACHED_OPERATIONS, MEMBER_OPERATIONS, type OperationRoute } from "../../src/api/operations.ts";
import { READ, UPSTREAM } from "../error-sets.ts";
import * as examples from "../examples.ts";
import type { HeaderName } from "../headers.ts";
import type { Answer, Operation, Parameter } from "../operation.ts";
import { IF_NONE_MATCH, POSTERN_CACHE, pathParameters } from "../parameters.ts";
import { SANDBOX_ANSWERS } from "../sandbox-answers.ts";
import type { SchemaName } from "../schemas.ts";

interface Description {
  readonly summary: string;
  readonly schema: SchemaName;
  /** The arguments' names are Stytch's, so a test can run it. */
  readonly sdk: string;
}

/** By operation of the table. */
const DESCRIPTIONS: Readonly<Record<string, Description>> = {
  organization: {
    summary: "Get an organization",
    schema: "OrganizationAnswer",
    sdk: "organizations.get({ organization_id })",
  },
  metrics: {
    summary: "Count the members of an organization",
    schema: "MetricsAnswer",
    sdk: "organizations.metrics({ organization_id })",
  },
  connected_apps: {
    summary: "List the connected apps of an organization",
    schema: "ConnectedAppsAnswer",
    sdk: "organizations.connectedApps({ organization_id })",
  },
  connected_app: {
    summary: "Get a connected app of an organization",
    schema: "ConnectedAppAnswer",
    sdk: "organizations.getConnectedApp({ organization_id, connected_app_id })",
  },
  organization_policy: {
    summary: "Get the RBAC policy of an organization",
    schema: "OrganizationPolicyAnswer",
    sdk: "rbac.organizations.getOrgPolicy({ organization_id })",
  },
  project_policy: {
    summary: "Get the RBAC policy of the project",
    schema: "ProjectPolicyAnswer",
    sdk: "rbac.policy()",
  },
  member: {
    summary: "Get any member by ID",
    schema: "MemberAnswer",
    sdk: "organizations.members.dangerouslyGet({ member_id })",
  },
  organization_member: {
    summary: "Get a member of an organization",
    schema: "MemberAnswer",
    sdk: "organizations.members.get({ organization_id, member_id })",
  },
};

const QUERY_OF: Readonly<Record<string, readonly Parameter[]>> = {
  member: [
    {
      name: "include_deleted",
      in: "query",
      description: "Whether a deleted member is found, too. It needs the scope `members:include_deleted`.",
      schema: { type: "string", enum: ["true", "True", "1", "false", "False", "0"], default: "false" },
      example: "true",
    },
  ],
  organization_member: [
    {
      name: "member_id",
      in: "query",
      description: "The ID or external ID of the member. This or `email_address` is required.",
      schema: { type: "string", minLength: 1, maxLength: 256 },
      example: String(pathParameters(":member_id")[0]?.example),
    },
    {
      name: "email_address",
      in: "query",
      description: "The address of the member.",
      schema: { type: "string", minLength: 1, maxLength: 256 },
      example: "ada@acme.example",
    },
  ],
};

const BY_CALLER: readonly HeaderName[] = ["RateLimit-Policy", "RateLimit"];
const CACHED: readonly HeaderName[] = [
  "Cache-Status",
  "Age",
  "ETag",
  "Cache-Control-Private",
  "Vary",
  "Server-Timing",
];
const UNCACHED: readonly HeaderName[] = ["Cache-Status-Bypass", "Vary", "Server-Timing"];

const optionalHeaders = [...BY_CALLER, "Timing-Allow-Origin"] as const;

function describe({ operation }: OperationRoute): Description {
  const description = DESCRIPTIONS[operation];
  if (description === undefined) throw new Error(`The operation ${operation} is not described.`);
  return description;
}

function answerOf(route: OperationRoute, headers: readonly HeaderName[]): Answer {
  const example = SANDBOX_ANSWERS[route.operation];
  return {
    description:
      "Stytch's answer. A key or session with `fields` sees these alone of the organization and member.",
    headers,
    optionalHeaders,
    content: { "application/json": { schema: describe(route).schema, example } },
  };
}

const NOT_MODIFIED: Answer = {
  description: "The caller has the answer already: `If-None-Match` has its ETag.",
  headers: CACHED,
  optionalHeaders,
};

function readOperation(route: OperationRoute) {
  const { summary, sdk } = describe(route);
  const path = route.path.replace(/:(\w+)/g, "{$1}");
  return {
    id: `read_${route.operation}`,
    method: "get",
    path,
    tag: "Reads",
    summary,
    security: ["key", "keyAsPassword", "session"],
    isForCallers: true,
    isKeyed: true,
    sdk,
  } as const;
}

/** The failure of an identifier that the path has. */
const invalidIdentifiers = (path: string) =>
  (["organization_id", "member_id", "connected_app_id"] as const)
    .filter((name) => path.includes(`:${name}`))
    .map((name) => `invalid_${name}` as const);

const cachedOperations = CACHED_OPERATIONS.map(
  (route): Operation => ({
    ...readOperation(route),
    description: `Cached. It needs the scope \`${route.scope}\`.`,
    parameters: [...pathParameters(route.path), IF_NONE_MATCH, POSTERN_CACHE],
    answers: { 200: answerOf(route, CACHED), 304: NOT_MODIFIED },
    errors: [...READ, ...invalidIdentifiers(route.path), route.missing],
  }),
);

const memberOperations = MEMBER_OPERATIONS.map(
  (route): Operation => ({
    ...readOperation(route),
    description: `Never cached. It needs the scope \`${route.scope}\`.`,
    parameters: [...pathParameters(route.path), ...(QUERY_OF[route.operation] ?? [])],
    answers: { 200: answerOf(route, UNCACHED) },
    errors: [...READ, ...invalidIdentifiers(route.path), "invalid_query_parameter", "member_not_found"],
  }),
);

const JWKS: Operation = {
  id: "read_jwks",
  method: "get",
  path: "/v1/b2b/sessions/jwks/{project_id}",
  tag: "Reads",
  summary: "Get the public keys of the project",
  description:
    "The keys (RFC 7517) that sign session JWTs. No key is needed. Other projects than the deployment's own are 404.",
  security: [],
  parameters: pathParameters("{project_id}"),
  answers: {
    200: {
      description: "The set as Stytch sent it.",
      headers: ["Cache-Control-Public"],
      optionalHeaders: ["Timing-Allow-Origin"],
      content: { "application/json": { schema: "Jwks", example: examples.jwks } },
    },
  },
  errors: ["route_not_found", ...UPSTREAM],
  isForCallers: true,
  isKeyed: false,
  sdk: "sessions.getJWKS({ project_id })",
};

export const READ_OPERATIONS: readonly Operation[] = [...cachedOperations, ...memberOperations, JWKS];
