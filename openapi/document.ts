/** The document: OpenAPI 3.1, made from the tables of this folder and from the code's own schemas. */
import packageJson from "../package.json" with { type: "json" };
import type { JsonSchema } from "./clean-schema.ts";
import { corsHeaders, errorExamples, errorResponses } from "./error-responses.ts";
import { type HeaderName, headerComponents, headerRefs } from "./headers.ts";
import { type Answer, type Operation, type Parameter, TAGS } from "./operation.ts";
import { OPERATIONS } from "./operations/all.ts";
import { componentSchemas, type SchemaName, schemaRef } from "./schemas.ts";
import { SECURITY_SCHEMES } from "./security.ts";
import { shareResponses } from "./shared-responses.ts";
import { withoutUnused } from "./unused.ts";

const DESCRIPTION = [
  "Postern is a caching proxy for the reads of the Stytch B2B API. Callers have keys of Postern's own.",
  "`HEAD` works wherever `GET` does. Another method on a known path is 405 `method_not_allowed`, and any other path 404 `route_not_found`.",
  "Every error has the five fields of a Stytch error; `error_url` leads to its description at `/docs/errors`.",
].join("\n\n");

function schemaOf(schema: SchemaName | readonly SchemaName[] | JsonSchema): object {
  if (typeof schema === "string") return schemaRef(schema);
  return Array.isArray(schema) ? { oneOf: schema.map(schemaRef) } : schema;
}

function parameterOf({
  name,
  in: place,
  description,
  schema,
  example,
  required = place === "path",
}: Parameter) {
  return { name, in: place, required, description, schema, example };
}

const NOT_KEPT = (names: readonly HeaderName[]): HeaderName[] =>
  names.some((name) => name.startsWith("Cache-Control")) ? [] : ["Cache-Control"];

function responseOf({ description, headers, optionalHeaders = [], content }: Answer, operation: Operation) {
  const required: HeaderName[] = ["X-Request-Id", "Date", ...NOT_KEPT(headers), ...headers];
  const optional = [...corsHeaders(operation.isForCallers), ...optionalHeaders];
  const refs = headerRefs(required, optional);
  if (content === undefined) return { description, headers: refs };
  const media = Object.entries(content).map(([type, { schema, ...shown }]) => [
    type,
    { schema: schemaOf(schema), ...shown },
  ]);
  return { description, headers: refs, content: Object.fromEntries(media) };
}

async function operationOf(operation: Operation) {
  const { id, tag, summary, description, security, parameters, body, answers, errors, errorStatus, sdk } =
    operation;
  const successes = Object.entries(answers).map(([status, answer]) => [
    status,
    responseOf(answer, operation),
  ]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: security.map((name) => ({ [name]: [] })),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterOf) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.required,
            content: { "application/json": { schema: schemaOf(body.schema), example: body.example } },
          },
        }),
    responses: {
      ...Object.fromEntries(successes),
      ...(await errorResponses(errors, operation, errorStatus)),
    },
    ...(sdk === undefined ? {} : { "x-node-sdk": sdk }),
  };
}

/** By path and method. `made`: the operations, in the order of the table. */
function pathsOf(made: readonly unknown[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [index, { path, method }] of OPERATIONS.entries()) {
    paths[path] = { ...paths[path], [method]: made[index] };
  }
  return paths;
}

/** What is answered to a path or method that the document does not have. The admin API asks for its token first. */
const UNROUTED = [
  "route_not_found",
  "method_not_allowed",
  "invalid_admin_token",
  "too_many_requests",
  "cross_site_request",
  "identity_unavailable",
] as const;

export async function createDocument() {
  const operations = await Promise.all(OPERATIONS.map(operationOf));
  const responses = shareResponses(operations);
  return withoutUnused({
    openapi: "3.1.1",
    info: {
      title: "Postern",
      version: packageJson.version,
      summary: packageJson.description,
      description: DESCRIPTION,
      license: { name: "MIT", identifier: packageJson.license },
    },
    servers: [{ url: "/", description: "The deployment that serves this document" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(operations),
    "x-unrouted": await errorResponses(UNROUTED, { isForCallers: true, isKeyed: false }),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      responses,
      schemas: componentSchemas(),
      headers: headerComponents(),
      examples: await errorExamples(),
    },
  });
}

export type OpenApiDocument = Awaited<ReturnType<typeof createDocument>>;

/** As it is committed. */
export const formatDocument = (document: OpenApiDocument) => `${JSON.stringify(document, null, 2)}\n`;
