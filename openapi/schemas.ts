/** The schemas of the document: those that the code validates with, as JSON Schema 2020-12, which is OpenAPI 3.1's. */
import * as z from "zod";
import { KeyListQuery } from "../src/admin/key-routes.ts";
import { PurgeBody } from "../src/admin/purge-body.ts";
import { PageQuery } from "../src/admin/request.ts";
import { RevocationBody } from "../src/admin/session-routes.ts";
import { UsageQuery } from "../src/admin/usage-query.ts";
import { HandoverBody } from "../src/api/handover.ts";
import { SignInBody } from "../src/console/console-session.ts";
import { SignIn } from "../src/console/sign-in-answer.ts";
import { AuditPage, PublicAuditEvent, Purged } from "../src/directory/audit-answers.ts";
import { ErrorBody } from "../src/error-docs/error-body.ts";
import { Jwks } from "../src/jwks/jwks-schema.ts";
import * as keys from "../src/keys/key-answers.ts";
import { KeyCreationBody, KeyEdit, KeyRotation } from "../src/keys/policy.ts";
import { Cost, Overview, TopKey, Totals } from "../src/metrics/overview-answer.ts";
import * as sessions from "../src/sessions/session-answers.ts";
import { SessionPolicy } from "../src/sessions/session-policy.ts";
import * as apps from "../src/stytch/schemas/connected-app-schema.ts";
import { MemberEnvelope, StytchMember } from "../src/stytch/schemas/member-schema.ts";
import { MetricsEnvelope } from "../src/stytch/schemas/metrics-schema.ts";
import { OrganizationEnvelope, StytchOrganization } from "../src/stytch/schemas/organization-schema.ts";
import { OrganizationPolicyEnvelope, RbacPolicyEnvelope } from "../src/stytch/schemas/rbac-schema.ts";
import { cleanSchema, type JsonSchema } from "./clean-schema.ts";

/** A body in which exactly one field is given: a refinement, which no JSON Schema follows from. */
const ONE_FIELD = { minProperties: 1, maxProperties: 1 };

/** By the name that the document gives to each, with what JSON Schema cannot be told by the schema itself. */
const NAMED = {
  Error: [ErrorBody],
  Organization: [StytchOrganization],
  Member: [StytchMember],
  OrganizationAnswer: [OrganizationEnvelope],
  MemberAnswer: [MemberEnvelope],
  MetricsAnswer: [MetricsEnvelope],
  ConnectedApp: [apps.ConnectedApp],
  ConnectedAppsAnswer: [apps.ConnectedAppsEnvelope],
  ConnectedAppAnswer: [apps.ConnectedAppEnvelope],
  OrganizationPolicyAnswer: [OrganizationPolicyEnvelope],
  ProjectPolicyAnswer: [RbacPolicyEnvelope],
  Jwks: [Jwks],
  KeyRecord: [keys.PublicKeyRecord],
  IssuedKey: [keys.IssuedKey],
  LinkedKey: [keys.LinkedKey],
  HandoverBody: [HandoverBody],
  HandedOverKey: [keys.HandedOverKey],
  KeyPage: [keys.KeyPage],
  KeyIdentity: [keys.KeyIdentity],
  UsageHour: [keys.UsageHour],
  KeyUsage: [keys.KeyUsage],
  VisibleFields: [keys.VisibleFields],
  RateLimit: [keys.RateLimitRule],
  KeyCreation: [KeyCreationBody],
  KeyEdit: [KeyEdit],
  KeyRotation: [KeyRotation],
  SessionPolicyBody: [SessionPolicy],
  SessionPolicy: [sessions.PublicSessionPolicy],
  SessionUsage: [sessions.SessionUsage],
  SessionIdentity: [sessions.SessionIdentity],
  RevocationBody: [RevocationBody, ONE_FIELD],
  Revoked: [sessions.Revoked],
  PurgeBody: [PurgeBody, ONE_FIELD],
  Purged: [Purged],
  SignInBody: [SignInBody],
  SignIn: [SignIn],
  AuditEvent: [PublicAuditEvent],
  AuditPage: [AuditPage],
  Totals: [Totals],
  TopKey: [TopKey],
  Cost: [Cost],
  Overview: [Overview],
} as const satisfies Record<string, readonly [z.ZodType, Readonly<Record<string, unknown>>?]>;

export type SchemaName = keyof typeof NAMED;

/** A key with `fields` sees an object without what it is not to see, so none of its fields is certain. */
const PROJECTED: readonly string[] = ["Organization", "Member"] satisfies SchemaName[];

export const schemaRef = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });

/** All schemas by name, as a caller sends or gets them: before transformations, with references to one another. */
export function componentSchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  const named = Object.entries<readonly [z.ZodType, object?]>(NAMED);
  for (const [id, [schema]] of named) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: "draft-2020-12",
    io: "input",
    uri: (id) => schemaRef(id as SchemaName).$ref,
  });
  return Object.fromEntries(
    named.map(([name, [, more = {}]]) => {
      const { required, ...rest } = cleanSchema(schemas[name] as JsonSchema);
      return [name, { ...rest, ...(PROJECTED.includes(name) || !required ? {} : { required }), ...more }];
    }),
  );
}

export interface QueryParameter {
  readonly name: string;
  readonly schema: JsonSchema;
}

/** The parameters of a query that the code validates as a whole, each as the code understands it: a number, not its text. */
function queryParameters(query: z.ZodObject): QueryParameter[] {
  return Object.entries(query.shape).map(([name, schema]) => {
    const understood = z.toJSONSchema(schema as z.ZodType, { io: "output", unrepresentable: "any" });
    const { default: fallback, ...rest } = withoutNull(cleanSchema(understood as JsonSchema));
    const known = Object.keys(rest).length > 0 ? rest : { type: "string" };
    return { name, schema: fallback == null || fallback === "" ? known : { ...known, default: fallback } };
  });
}

/** A parameter that is left out is not null. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const [option = {}] = (anyOf as JsonSchema[]).filter(({ type }) => type !== "null");
  return { ...option, ...rest };
}

export const QUERIES = {
  usage: queryParameters(UsageQuery),
  page: queryParameters(PageQuery),
  keyList: queryParameters(KeyListQuery),
};
