/** The schemas of metrics, connected apps and RBAC policies: strict on identity and types, tolerant on the rest. */
import type {
  B2BOrganizationsConnectedAppsResponse,
  B2BOrganizationsGetConnectedAppResponse,
  B2BOrganizationsMetricsResponse,
  B2BRBACOrganizationsGetOrgPolicyResponse,
  B2BRBACPolicyResponse,
} from "stytch";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { z } from "zod";
import { projectPolicy } from "../../sandbox/seed-rbac.ts";
import {
  ConnectedAppEnvelope,
  ConnectedAppsEnvelope,
} from "../../src/stytch/schemas/connected-app-schema.ts";
import { MetricsEnvelope } from "../../src/stytch/schemas/metrics-schema.ts";
import { OrganizationPolicyEnvelope, RbacPolicyEnvelope } from "../../src/stytch/schemas/rbac-schema.ts";
import type { Json } from "../support/bodies.ts";

/** A type without null, optional fields and the index signature for unknown fields, at every level. */
type Present<T> = T extends readonly (infer Item)[]
  ? Present<Item>[]
  : T extends object
    ? { [K in keyof T as string extends K ? never : K]-?: Present<NonNullable<T[K]>> }
    : T;

test("every value that passes a schema has the SDK's type", () => {
  expectTypeOf<Present<MetricsEnvelope>>().toExtend<B2BOrganizationsMetricsResponse>();
  expectTypeOf<Present<ConnectedAppsEnvelope>>().toExtend<B2BOrganizationsConnectedAppsResponse>();
  expectTypeOf<Present<ConnectedAppEnvelope>>().toExtend<B2BOrganizationsGetConnectedAppResponse>();
  expectTypeOf<Present<RbacPolicyEnvelope>>().toExtend<B2BRBACPolicyResponse>();
  expectTypeOf<Present<OrganizationPolicyEnvelope>>().toExtend<B2BRBACOrganizationsGetOrgPolicyResponse>();
});

test("the SDK has no field of these answers that the schemas lack", () => {
  type Missing<Sdk, Schema extends { shape: object }> = Exclude<keyof Sdk, keyof Schema["shape"]>;
  expectTypeOf<Missing<B2BOrganizationsMetricsResponse, typeof MetricsEnvelope>>().toBeNever();
  expectTypeOf<Missing<B2BOrganizationsConnectedAppsResponse, typeof ConnectedAppsEnvelope>>().toBeNever();
  expectTypeOf<Missing<B2BOrganizationsGetConnectedAppResponse, typeof ConnectedAppEnvelope>>().toBeNever();
  expectTypeOf<Missing<B2BRBACPolicyResponse, typeof RbacPolicyEnvelope>>().toBeNever();
  expectTypeOf<
    Missing<B2BRBACOrganizationsGetOrgPolicyResponse, typeof OrganizationPolicyEnvelope>
  >().toBeNever();
});

const APP = {
  connected_app_id: "connected-app-test-1",
  name: "CLI",
  description: "",
  client_type: "third_party",
};
const ENVELOPE = { request_id: "request-id-test-1", status_code: 200 };

/** A body as Stytch sends it, and the fields without which it is not one. */
const CASES: readonly (readonly [
  name: string,
  schema: z.ZodType,
  body: Json,
  required: readonly string[],
])[] = [
  ["metrics", MetricsEnvelope, { ...ENVELOPE, member_count: 3 }, ["request_id"]],
  ["connected apps", ConnectedAppsEnvelope, { ...ENVELOPE, connected_apps: [APP] }, ["request_id"]],
  [
    "one connected app",
    ConnectedAppEnvelope,
    { ...ENVELOPE, ...APP, logo_url: "", active_members: [{ member_id: "m", granted_scopes: ["openid"] }] },
    ["connected_app_id"],
  ],
  [
    "the project's policy",
    RbacPolicyEnvelope,
    { ...ENVELOPE, policy: projectPolicy },
    ["request_id", "policy"],
  ],
  [
    "an organization's policy",
    OrganizationPolicyEnvelope,
    { ...ENVELOPE, org_policy: { roles: projectPolicy["roles"] } },
    ["request_id"],
  ],
];

describe.each(CASES)("%s", (_, schema, body, required) => {
  const accepts = (value: unknown) => schema.safeParse(value).success;

  test("a body as Stytch sends it passes, with unknown fields", () => {
    expect(schema.parse(body)).toEqual(body);
    expect(accepts({ ...body, field_of_tomorrow: { a: [1] } })).toBe(true);
  });

  test("a required field must not be missing, null or of another type", () => {
    for (const field of required) {
      const { [field]: _removed, ...without } = body;
      expect(accepts(without), field).toBe(false);
      for (const value of [null, true, "", []]) {
        expect(accepts({ ...body, [field]: value }), `${field}: ${JSON.stringify(value)}`).toBe(false);
      }
    }
  });

  test("every other field may be missing or null, but not of another type", () => {
    for (const field of Object.keys(body).filter((one) => !required.includes(one))) {
      const { [field]: _removed, ...without } = body;
      expect(accepts(without), field).toBe(true);
      expect(accepts({ ...body, [field]: null }), field).toBe(true);
      const isObject = typeof body[field] === "object" && !Array.isArray(body[field]);
      const mistyped = isObject ? "no such type" : { no: "such type" };
      expect(accepts({ ...body, [field]: mistyped }), field).toBe(false);
    }
  });
});

test.each<[string, z.ZodType, Json]>([
  ["an app without an ID", ConnectedAppsEnvelope, { ...ENVELOPE, connected_apps: [{ name: "CLI" }] }],
  ["a role without permissions", RbacPolicyEnvelope, { ...ENVELOPE, policy: { roles: [{ role_id: "r" }] } }],
  ["a policy without roles", RbacPolicyEnvelope, { ...ENVELOPE, policy: { resources: [], scopes: [] } }],
  [
    "a permission whose actions are no list",
    OrganizationPolicyEnvelope,
    {
      ...ENVELOPE,
      org_policy: { roles: [{ role_id: "r", permissions: [{ resource_id: "d", actions: "*" }] }] },
    },
  ],
])("%s is refused", (_, schema, body) => {
  expect(schema.safeParse(body).success).toBe(false);
});
