/** What the soak asks Postern, and what may be answered: one kind of caller each, with the rule that its answers must keep. */

import type { SandboxedPostern } from "../dev/sandboxed-postern.ts";
import { demo, members, organizations } from "../sandbox/seed.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Null: as it must be. Otherwise what is wrong with it. A 5xx is judged by who knows whether Stytch is made to fail. */
type Rule = (answer: Answer) => string | null;

export interface Caller {
  readonly name: string;
  /** Its share of the traffic. */
  readonly weight: number;
  next(): { readonly path: string; readonly headers: Record<string, string>; readonly rule: Rule };
}

const SCOPES = ["organizations:read", "members:dangerously_get"];
const MEMBERS = "/v1/b2b/organizations/members/dangerously_get";
const own = organizations[0];
const stranger = organizations[3];

export const LIMIT = { limit: 200, period_seconds: 10 };

const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;
/** The first of them far more often than the last (Zipf's law). */
const pickSkewed = <T>(of: readonly T[]): T => of[Math.floor(of.length ** Math.random()) - 1] as T;
const pathOf = (name: unknown) => `/v1/b2b/organizations/${encodeURIComponent(String(name))}`;
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const basic = (key: string) => ({ Authorization: `Basic ${Buffer.from(`any:${key}`).toString("base64")}` });

const status = (...allowed: number[]): Rule => {
  return (answer) => (allowed.includes(answer.status) ? null : `status ${answer.status}`);
};
const both = (...rules: Rule[]): Rule => {
  return (answer) => rules.reduce<string | null>((wrong, rule) => wrong ?? rule(answer), null);
};
const about = (id: unknown): Rule => {
  return ({ status: code, body }) =>
    code !== 200 || body.includes(String(id)) ? null : "another organization than the one asked for";
};
const without = (...texts: unknown[]): Rule => {
  return ({ body, headers }) => {
    const all = body + JSON.stringify([...headers]);
    return texts.some((text) => all.includes(String(text))) ? "what this key may not see" : null;
  };
};

export async function callersOf(postern: SandboxedPostern): Promise<Caller[]> {
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
        return { path: pathOf(id), headers: bearer(free), rule: both(status(200), about(id)) };
      },
    },
    {
      name: "organizations by slug, as the SDKs ask",
      weight: 15,
      next: () => {
        const { organization_id: id, organization_slug } = pickSkewed(organizations);
        return { path: pathOf(organization_slug), headers: basic(free), rule: both(status(200), about(id)) };
      },
    },
    {
      name: "organizations that there are not",
      weight: 3,
      next: () => ({
        path: pathOf(`none-${Math.floor(Math.random() * 50)}`),
        headers: bearer(free),
        rule: status(404),
      }),
    },
    {
      name: "members",
      weight: 5,
      next: () => {
        const { member_id: id, status: is } = pick(members);
        const rule = both(status(is === "deleted" ? 404 : 200), about(is === "deleted" ? "" : id));
        return { path: `${MEMBERS}/${id}`, headers: bearer(free), rule };
      },
    },
    {
      name: "a key of one organization, asking for its own",
      weight: 5,
      next: () => ({
        path: pathOf(own?.organization_slug),
        headers: bearer(bound),
        rule: both(status(200), about(own?.organization_id)),
      }),
    },
    {
      name: "a key of one organization, asking for another",
      weight: 5,
      next: () => ({
        path: pathOf(pick([stranger?.organization_id, stranger?.organization_slug])),
        headers: bearer(bound),
        rule: both(status(404), without(stranger?.organization_name)),
      }),
    },
    {
      name: "a key of one field",
      weight: 5,
      next: () => ({
        path: pathOf(own?.organization_id),
        headers: bearer(narrow),
        rule: both(status(200), without(own?.organization_name, own?.organization_slug)),
      }),
    },
    {
      name: "a key of one field, asking for a member",
      weight: 1,
      next: () => ({
        path: `${MEMBERS}/${demo.member_id}`,
        headers: bearer(narrow),
        rule: both(
          status(200),
          without(members.find((one) => one.member_id === demo.member_id)?.email_address),
        ),
      }),
    },
    {
      name: "a limited key",
      weight: 10,
      next: () => ({ path: pathOf(own?.organization_id), headers: bearer(limited), rule: status(200, 429) }),
    },
    {
      name: "a revoked key",
      weight: 3,
      next: () => ({ path: pathOf(own?.organization_id), headers: bearer(revoked), rule: status(401) }),
    },
    {
      name: "a forged key",
      weight: 2,
      next: () => ({ path: pathOf(own?.organization_id), headers: bearer(forged), rule: status(401, 429) }),
    },
    {
      name: "identifiers that are none",
      weight: 2,
      next: () => ({
        path: `/v1/b2b/organizations/${pick(["%00", "a%2Fb", "%252e", "a".repeat(257), "%ff"])}`,
        headers: bearer(free),
        rule: status(400),
      }),
    },
  ];
}
