/** The callers of the soak: what each requests, and the rule for its responses. */

import type { SandboxedPostern } from "../dev/sandboxed-postern.ts";
import { demo, getMembers, organizations } from "../sandbox/seed.ts";

const members = getMembers();

export interface SoakResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Returns null if the response is right, otherwise what is wrong. While faults are injected, a 5xx is not judged by the
 * rule but by the fault.
 */
type Rule = (response: SoakResponse) => string | null;

export interface Caller {
  readonly name: string;
  /** Relative to the sum of all weights. */
  readonly weight: number;
  next(): { readonly path: string; readonly headers: Record<string, string>; readonly rule: Rule };
}

const SCOPES = ["organizations:read", "members:dangerously_get"];
const MEMBERS = "/v1/b2b/organizations/members/dangerously_get";
/** The organization of the keys that are bound to one, and another. */
const own = organizations[0];
const other = organizations[3];

export const LIMIT = { limit: 200, period_seconds: 10 };

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;
/** Picks the first far more often than the last (Zipf's law). */
const pickSkewed = <T>(items: readonly T[]): T => items[Math.floor(items.length ** Math.random()) - 1] as T;
const pathOf = (identifier: unknown) => `/v1/b2b/organizations/${encodeURIComponent(String(identifier))}`;
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const basic = (key: string) => ({ Authorization: `Basic ${Buffer.from(`any:${key}`).toString("base64")}` });

const hasStatus = (...allowed: number[]): Rule => {
  return ({ status }) => (allowed.includes(status) ? null : `status ${status}`);
};
const all = (...rules: Rule[]): Rule => {
  return (response) => rules.reduce<string | null>((problem, rule) => problem ?? rule(response), null);
};
/** A 200 must contain the ID. */
const names = (id: unknown): Rule => {
  return ({ status, body }) =>
    status !== 200 || body.includes(String(id)) ? null : "another organization than requested";
};
const omits = (...texts: unknown[]): Rule => {
  return ({ body, headers }) => {
    const text = body + JSON.stringify([...headers]);
    return texts.some((secret) => text.includes(String(secret))) ? "data that this key may not see" : null;
  };
};

/** Creates the keys, too. */
export async function createCallers(postern: SandboxedPostern): Promise<Caller[]> {
  const free = await postern.createKey(SCOPES);
  const bound = await postern.createKey(SCOPES, { organization_ids: [own?.organization_id] });
  const narrow = await postern.createKey(SCOPES, {
    fields: { organization: ["organization_id"], member: ["member_id"] },
  });
  const limited = await postern.createKey(SCOPES, { rate_limit: LIMIT });
  const revoked = await postern.createKey(SCOPES);
  await postern.admin("DELETE", `/admin/keys/${revoked.split("_")[2]}`);
  const forged = free.slice(0, -1) + (free.endsWith("0") ? "1" : "0");

  return [
    {
      name: "organizations by ID",
      weight: 50,
      next: () => {
        const { organization_id: id } = pickSkewed(organizations);
        return { path: pathOf(id), headers: bearer(free), rule: all(hasStatus(200), names(id)) };
      },
    },
    {
      name: "organizations by slug, with Basic as the SDKs send",
      weight: 15,
      next: () => {
        const { organization_id: id, organization_slug } = pickSkewed(organizations);
        return {
          path: pathOf(organization_slug),
          headers: basic(free),
          rule: all(hasStatus(200), names(id)),
        };
      },
    },
    {
      name: "organizations that do not exist",
      weight: 3,
      next: () => ({
        path: pathOf(`none-${Math.floor(Math.random() * 50)}`),
        headers: bearer(free),
        rule: hasStatus(404),
      }),
    },
    {
      name: "members",
      weight: 5,
      next: () => {
        const { member_id: id, status } = pick(members);
        const rule = all(hasStatus(status === "deleted" ? 404 : 200), names(status === "deleted" ? "" : id));
        return { path: `${MEMBERS}/${id}`, headers: bearer(free), rule };
      },
    },
    {
      name: "a key of one organization, requesting its own",
      weight: 5,
      next: () => ({
        path: pathOf(own?.organization_slug),
        headers: bearer(bound),
        rule: all(hasStatus(200), names(own?.organization_id)),
      }),
    },
    {
      name: "a key of one organization, requesting another",
      weight: 5,
      next: () => ({
        path: pathOf(pick([other?.organization_id, other?.organization_slug])),
        headers: bearer(bound),
        rule: all(hasStatus(404), omits(other?.organization_name)),
      }),
    },
    {
      name: "a key of one field",
      weight: 5,
      next: () => ({
        path: pathOf(own?.organization_id),
        headers: bearer(narrow),
        rule: all(hasStatus(200), omits(own?.organization_name, own?.organization_slug)),
      }),
    },
    {
      name: "a key of one field, requesting a member",
      weight: 1,
      next: () => ({
        path: `${MEMBERS}/${demo.member_id}`,
        headers: bearer(narrow),
        rule: all(
          hasStatus(200),
          omits(members.find((one) => one.member_id === demo.member_id)?.email_address),
        ),
      }),
    },
    {
      name: "a limited key",
      weight: 10,
      next: () => ({
        path: pathOf(own?.organization_id),
        headers: bearer(limited),
        rule: hasStatus(200, 429),
      }),
    },
    {
      name: "a revoked key",
      weight: 3,
      next: () => ({ path: pathOf(own?.organization_id), headers: bearer(revoked), rule: hasStatus(401) }),
    },
    {
      name: "a forged key",
      weight: 2,
      next: () => ({
        path: pathOf(own?.organization_id),
        headers: bearer(forged),
        rule: hasStatus(401, 429),
      }),
    },
    {
      name: "malformed identifiers",
      weight: 2,
      next: () => ({
        path: `/v1/b2b/organizations/${pick(["%00", "a%2Fb", "%252e", "a".repeat(257), "%ff"])}`,
        headers: bearer(free),
        rule: hasStatus(400),
      }),
    },
  ];
}
