/** What the form of the session policy holds, and what of it goes to the admin API. Pure. */
import { fieldsOf, type LimitsForm, limitsFormOf, numberOrText, rateLimitOf } from "../keys/form-values.ts";
import type { ScopeChoice } from "../keys/key-words.ts";
import type { SessionPolicy } from "../shapes.ts";

type SessionScope = SessionPolicy["scopes"][number];

export const SESSION_SCOPES: readonly ScopeChoice<SessionScope>[] = [
  { scope: "organizations:read", words: "Read their own organization, from the cache" },
  { scope: "members:read", words: "Read their own member record" },
];

export interface PolicyForm extends LimitsForm {
  readonly scopes: readonly SessionScope[];
  readonly maxAgeSeconds: string;
  readonly allowsImpersonation: boolean;
}

const DEFAULT_POLICY: Pick<
  SessionPolicy,
  "scopes" | "fields" | "rate_limit" | "max_age_seconds" | "allow_impersonation"
> = {
  scopes: ["organizations:read"],
  fields: null,
  rate_limit: { limit: 60, period_seconds: 60 },
  max_age_seconds: 300,
  allow_impersonation: false,
};

/** `policy`: null before there is one. */
export function policyFormOf(policy: SessionPolicy | null): PolicyForm {
  const { scopes, max_age_seconds, allow_impersonation, ...limits } = policy ?? DEFAULT_POLICY;
  return {
    ...limitsFormOf(limits),
    scopes,
    maxAgeSeconds: String(max_age_seconds),
    allowsImpersonation: allow_impersonation,
  };
}

/** The body of `PUT /admin/session-policy`. */
export const policyBody = (form: PolicyForm) => ({
  scopes: form.scopes,
  fields: fieldsOf(form),
  rate_limit: rateLimitOf(form),
  max_age_seconds: numberOrText(form.maxAgeSeconds),
  allow_impersonation: form.allowsImpersonation,
});
