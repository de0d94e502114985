/** Random sequences of reads: what a session receives never depends on what others have read before. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { ORGANIZATION_CLAIM, sessionClaims } from "../support/session-tokens.ts";
import { JWKS_PATH, jwksResponse, useSessions } from "../support/sessions.ts";
import { identifiersOf } from "../support/two-organizations.ts";
import { json, stytchError } from "../support/upstream.ts";

const clock = useClock();
const setUp = useSessions();

const organizations = ["one", "other"].map((name) =>
  organization({
    organization_external_id: `ext|${crypto.randomUUID()}`,
    trusted_metadata: { secret: `metadata of ${name} ${crypto.randomUUID()}` },
  }),
);
/** Two members of the first organization, and one of the second. */
const members = [0, 0, 1].map((index) =>
  member({
    organization_id: organizations[index]?.["organization_id"],
    email_address: `${crypto.randomUUID()}@acme.example`,
    external_id: `hr|${crypto.randomUUID()}`,
    name: `Name ${crypto.randomUUID()}`,
  }),
);
const organizationOf = ({ organization_id: id }: Json) =>
  organizations.find((one) => one["organization_id"] === id) ?? fail();

/** As Stytch answers: a member by ID, external ID or address, an organization by any name. */
function respond(url: string): Response {
  const { pathname, searchParams } = new URL(url);
  if (pathname === JWKS_PATH) return jwksResponse(setUp.keys);
  const [, name = "", rest = ""] =
    /^\/v1\/b2b\/organizations\/([^/]+)(.*)$/.exec(pathname)?.map(decodeURIComponent) ?? [];
  const found = organizations.find((one) => identifiersOf(one).includes(name));
  if (name === "members") {
    const one = members.find((candidate) => rest.endsWith(String(candidate["member_id"])));
    return one ? json(memberEnvelope(one, organizationOf(one))) : stytchError(404, "member_not_found");
  }
  if (found === undefined) return stytchError(404, "organization_not_found");
  if (rest === "") return json(organizationEnvelope(found));
  const asked = [searchParams.get("member_id"), searchParams.get("email_address")];
  const one = members.find(
    (candidate) =>
      candidate["organization_id"] === found["organization_id"] &&
      namesOf(candidate).some((text) => asked.includes(text)),
  );
  return one ? json(memberEnvelope(one, found)) : stytchError(404, "member_not_found");
}

const namesOf = (one: Json) => [one["member_id"], one["external_id"], one["email_address"]].map(String);

const POLICIES = [
  { scopes: ["organizations:read", "members:read"], fields: null },
  { scopes: ["organizations:read"], fields: { organization: ["organization_name"] } },
  { scopes: ["members:read"], fields: { organization: [], member: ["status", "name"] } },
] as const;

const step = fc.record({
  /** A session of a member, or one of two keys that see everything. */
  caller: fc.nat(4),
  target: fc.nat(2),
  what: fc.constantFrom("organization", "member", "dangerously_get", "whoami"),
  name: fc.nat(2),
  query: fc.nat(2),
  isNewIsolate: fc.boolean(),
  method: fc.constantFrom("GET", "HEAD"),
  isConditional: fc.boolean(),
});

test("no session receives a byte of another organization or member, whatever others have read", {
  timeout: 60_000,
}, async () => {
  setUp.world.upstream.answer(({ url }) => respond(url));
  const scopes = ["organizations:read", "members:read", "members:dangerously_get"] as const;
  const fields = { organization: ["organization_slug"], member: ["external_id"] };
  const keys = [await createKey(setUp.isolate, scopes), await createKey(setUp.isolate, scopes, { fields })];
  const texts = [...organizations, ...members].map(textsOf);
  // A text that is in more than one object does not reveal which of them was read.
  const revealing = texts.flat().filter((text) => texts.filter((of) => of.includes(text)).length === 1);
  let received = 0;

  await fc.assert(
    fc.asyncProperty(
      fc.nat(2),
      fc.array(step, { minLength: 1, maxLength: 10 }),
      async (policyIndex, steps) => {
        const policy = POLICIES[policyIndex] ?? fail();
        await setUp.allow(policy as unknown as Json);
        clock.advance(6);
        const tokens = await Promise.all(
          members.map(async (one) => {
            const { organization_id } = one;
            const claims = { sub: one["member_id"], [ORGANIZATION_CLAIM]: { organization_id } };
            return await setUp.signer.sign(sessionClaims(Date.now(), claims));
          }),
        );
        for (const { caller, target, what, name, query, isNewIsolate, method, isConditional } of steps) {
          const own = members[caller];
          const asked = members[target] ?? fail();
          const organizationName = identifiersOf(organizationOf(asked))[name] ?? fail();
          const parameter = ["member_id", "member_id", "email_address"][query];
          const path = {
            organization: organizationPath(organizationName),
            member: `${organizationPath(organizationName)}/member?${parameter}=${encodeURIComponent(namesOf(asked)[query] ?? fail())}`,
            dangerously_get: memberPath(asked),
            whoami: "/whoami",
          }[what];
          const headers: Record<string, string> = isConditional ? { "If-None-Match": "*" } : {};
          const isolate = isNewIsolate ? createIsolate() : setUp.isolate;
          const key = tokens[caller] ?? keys[caller - members.length]?.key ?? fail();
          const response = await isolate.call(path, { key, method, headers });
          if (own === undefined) continue;

          const isOwnOrganization = own["organization_id"] === asked["organization_id"];
          const isOwn = what === "organization" ? isOwnOrganization : own === asked && query !== 1;
          const scope = { organization: "organizations:read", member: "members:read" }[
            what as "organization"
          ];
          const isForbidden = what !== "whoami" && !(policy.scopes as readonly string[]).includes(scope);
          const expected = isForbidden ? 403 : isOwn || what === "whoami" ? 200 : 404;
          const isNotModified = expected === 200 && what === "organization" && isConditional;
          expect(response.status).toBe(isNotModified ? 304 : expected);

          const text = await response.text();
          const allowed = new Set<string>();
          if (response.status === 200 && method === "GET") {
            received += 1;
            if (what === "whoami")
              for (const id of [own["member_id"], own["organization_id"]]) allowed.add(String(id));
            else {
              const visible = policy.fields as {
                organization?: readonly string[];
                member?: readonly string[];
              } | null;
              for (const one of textsOf(pick(organizationOf(own), visible?.organization))) allowed.add(one);
              if (what === "member") {
                for (const one of textsOf(pick(own, visible?.member))) allowed.add(one);
                allowed.add(String(own["member_id"]));
              }
            }
          }
          const all = text + JSON.stringify([...response.headers]);
          for (const secret of revealing) {
            if (![...allowed].some((one) => one.includes(secret))) expect(all).not.toContain(secret);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
  // The sequences do read something.
  expect(received).toBeGreaterThan(0);
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
