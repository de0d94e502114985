/** Random sequences of reads: what a key receives never depends on what another key has read before. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Json } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { identifiersOf, stubTwoOrganizations, type TwoOrganizations } from "../support/two-organizations.ts";

const SCOPES = ["organizations:read", "members:dangerously_get"] as const;

let stytch: TwoOrganizations;
let isolate: TestIsolate;

beforeEach(() => {
  stytch = stubTwoOrganizations();
  isolate = createIsolate();
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("no key receives a byte that it may not see, whatever other keys have read", {
  timeout: 30_000,
}, async () => {
  const { own, other, ownMember, otherMember } = stytch;
  const policies = [
    { scopes: SCOPES, organization_ids: null, fields: null },
    {
      scopes: SCOPES,
      organization_ids: null,
      fields: { organization: ["organization_name"], member: ["status"] },
    },
    {
      scopes: SCOPES,
      organization_ids: [own["organization_id"]],
      fields: { organization: ["organization_slug"], member: [] },
    },
    { scopes: ["organizations:read"], organization_ids: [other["organization_id"]], fields: null },
    { scopes: ["members:dangerously_get"], organization_ids: null, fields: null },
  ] as const;
  const keys = await Promise.all(
    policies.map(async ({ scopes, ...policy }) => (await createKey(isolate, scopes, policy)).key),
  );
  // A text that is in more than one of the four objects does not reveal which of them was read.
  const textsOfObjects = [own, other, ownMember, otherMember].map(textsOf);
  const revealing = textsOfObjects
    .flat()
    .filter((text) => textsOfObjects.filter((texts) => texts.includes(text)).length === 1);
  const step = fc.record({
    key: fc.nat(policies.length - 1),
    isOther: fc.boolean(),
    isMember: fc.boolean(),
    identifier: fc.nat(2),
    isNewIsolate: fc.boolean(),
    method: fc.constantFrom("GET", "HEAD"),
    isConditional: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      for (const { key, isOther, isMember, identifier, isNewIsolate, method, isConditional } of steps) {
        const policy = policies[key] ?? fail();
        const organization = isOther ? other : own;
        const member = isOther ? otherMember : ownMember;
        const path = isMember
          ? memberPath(member)
          : organizationPath(identifiersOf(organization)[identifier] ?? fail());
        const headers: Record<string, string> = isConditional ? { "If-None-Match": "*" } : {};
        const reader = isNewIsolate ? createIsolate() : isolate;
        const response = await reader.call(path, { key: keys[key] ?? fail(), method, headers });
        const requiredScope = isMember ? "members:dangerously_get" : "organizations:read";
        const hasScope = (policy.scopes as readonly string[]).includes(requiredScope);
        const maySee =
          policy.organization_ids === null ||
          policy.organization_ids.includes(organization["organization_id"]);
        const isNotModified = isConditional && !isMember;
        expect(response.status).toBe(hasScope ? (maySee ? (isNotModified ? 304 : 200) : 404) : 403);

        const text = await response.text();
        const hasBody = hasScope && maySee && method === "GET" && !isNotModified;
        const projected = {
          organization: pick(organization, policy.fields?.organization),
          member: pick(member, policy.fields?.member),
        };
        if (hasBody)
          expect(JSON.parse(text)).toMatchObject(
            isMember ? projected : { organization: projected.organization },
          );
        const allowed = hasBody
          ? [
              ...textsOf(projected.organization),
              ...(isMember ? [...textsOf(projected.member), String(member["member_id"])] : []),
            ]
          : [];
        const received = text + JSON.stringify([...response.headers]);
        for (const secret of revealing) {
          if (!allowed.some((text) => text.includes(secret))) expect(received).not.toContain(secret);
        }
      }
    }),
    { numRuns: 40 },
  );
});

/** All texts in a value that are long enough to be distinctive. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return value.length >= 8 ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function pick(object: Json, fields: readonly string[] | undefined): Json {
  return fields === undefined ? object : Object.fromEntries(fields.map((field) => [field, object[field]]));
}

function fail(): never {
  throw new Error("the test's own index is wrong");
}
