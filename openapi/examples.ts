/** The examples of bodies that the sandbox has no answer for. Types and a test hold them to their schemas. */
import packageJson from "../package.json" with { type: "json" };
import { demo } from "../sandbox/seed.ts";
import type { SignIn } from "../src/console/sign-in-answer.ts";
import type { AuditPage } from "../src/directory/audit-answers.ts";
import type {
  HandedOverKey,
  IssuedKey,
  KeyIdentity,
  KeyPage,
  KeyUsage,
  LinkedKey,
  PublicKeyRecord,
  TakenInRecord,
  UsageHour,
} from "../src/keys/key-answers.ts";
import type { WholeRecord } from "../src/keys/whole-record.ts";
import type { Overview, Totals } from "../src/metrics/overview-answer.ts";
import type { PublicSessionPolicy, SessionIdentity } from "../src/sessions/session-answers.ts";

const policy = {
  scopes: ["organizations:read"],
  organization_ids: [demo.organization_id],
  fields: { organization: ["organization_id", "organization_name", "trusted_metadata.plan"], member: null },
  rate_limit: { limit: 600, period_seconds: 60 },
  allowed_ips: ["203.0.113.0/24", "2001:db8::/32"],
  region: "weur",
  expires_at: "2027-01-01T00:00:00Z",
} satisfies Partial<PublicKeyRecord>;

const NAME = "Acme partner";
const KEY_ID = "0f3k9zq2m4x7w1ab";
/** In the form of a key, and none: its MAC is not one. */
const KEY = `pst_test_${KEY_ID}_${"0".repeat(52)}`;

/** In the form of the token of a link, and none, for the same reason. */
const HANDOVER_TOKEN = `handover_${KEY_ID}_${"0".repeat(52)}`;

export const keyCreation = { name: NAME, ...policy };

export const keyEdit = { rate_limit: { limit: 1200, period_seconds: 60 }, allowed_ips: null };

export const keyRotation = { overlap_seconds: 86_400 };

export const keyRecord: PublicKeyRecord = {
  key_id: KEY_ID,
  name: NAME,
  status: "active",
  ...policy,
  created_at: "2026-11-21T19:58:12.114Z",
  updated_at: "2026-11-21T19:58:12.114Z",
  revoked_at: null,
  generation: 1,
  previous_generation_valid_until: null,
};

export const editedKey: PublicKeyRecord = {
  ...keyRecord,
  ...keyEdit,
  updated_at: "2026-11-21T20:14:40.271Z",
};

export const revokedKey: PublicKeyRecord = {
  ...keyRecord,
  status: "revoked",
  updated_at: "2026-11-21T20:14:40.271Z",
  revoked_at: "2026-11-21T20:14:40.271Z",
};

export const issuedKey: IssuedKey = { ...keyRecord, key: KEY };

export const rotatedKey: IssuedKey = {
  ...issuedKey,
  updated_at: "2026-11-21T20:14:40.271Z",
  generation: 2,
  previous_generation_valid_until: "2026-11-22T20:14:40.271Z",
};

export const linkedKey: LinkedKey = {
  ...keyRecord,
  handover_url: `https://postern.example.com/handover#${HANDOVER_TOKEN}`,
};

export const handoverBody = { token: HANDOVER_TOKEN };

export const handedOverKey: HandedOverKey = { key: KEY, record: keyRecord };

export const signInBody = { token: "the-admin-token-of-the-deployment" };

export const signIn: SignIn = { actor: "token", expires_at: "2026-11-22T08:00:00.000Z" };

const { status: __, previous_generation_valid_until: ___, ...storedRecord } = keyRecord;
export const wholeRecord: WholeRecord = {
  ...storedRecord,
  project_id: "project-test-11111111-1111-4111-8111-111111111111",
  issued_at: storedRecord.created_at,
  previous: [],
  version: 1,
};

export const takenInRecord: TakenInRecord = { outcome: "imported", record: keyRecord };

export const keyPage: KeyPage = { keys: [keyRecord], next_cursor: null };

const { name: _, ...ownRecord } = keyRecord;
export const keyIdentity: KeyIdentity = { ...ownRecord, rate_limit_remaining: 57 };

const usageHour: UsageHour = {
  hour: "2026-11-21T20:00:00Z",
  requests: 1204,
  rate_limited: 12,
  hits: 1131,
  stale: 18,
  misses: 42,
  denied: 0,
  not_found: 13,
  errors: 0,
};

export const keyUsage: KeyUsage = { key_id: KEY_ID, hours: [usageHour] };
export const sessionUsage = { hours: [usageHour] };

export const sessionPolicyBody = {
  scopes: ["organizations:read"],
  fields: { organization: ["organization_id", "organization_name"] },
  rate_limit: { limit: 60, period_seconds: 60 },
};

export const sessionPolicy: PublicSessionPolicy = {
  scopes: ["organizations:read"],
  fields: { organization: ["organization_id", "organization_name"], member: null },
  rate_limit: { limit: 60, period_seconds: 60 },
  max_age_seconds: 300,
  allow_impersonation: false,
};

export const sessionIdentity: SessionIdentity = {
  kind: "session",
  organization_id: demo.organization_id,
  member_id: demo.member_id,
  expires_at: "2026-11-21T20:05:00Z",
  scopes: ["organizations:read"],
  fields: sessionPolicy.fields,
};

export const revocationBody = { member_id: demo.member_id };

export const purgeBody = { organization_id: demo.organization_id };

export const auditPage: AuditPage = {
  events: [
    {
      at: "2026-11-21T20:14:40.271Z",
      action: "key.updated",
      actor: "token",
      key_id: KEY_ID,
      detail: { before: { rate_limit: policy.rate_limit }, after: { rate_limit: keyEdit.rate_limit } },
    },
    {
      at: "2026-11-21T20:02:11.805Z",
      action: "cache.purged",
      actor: "webhook",
      key_id: null,
      detail: {
        organization_id: demo.organization_id,
        by: "webhook",
        event: "dashboard.organization.update",
      },
    },
    {
      at: keyRecord.created_at,
      action: "key.created",
      actor: "token",
      key_id: KEY_ID,
      detail: keyCreation,
    },
  ],
  next_cursor: null,
};

const totals: Totals = {
  requests: 48_210,
  hits: 45_102,
  stale: 611,
  misses: 1_904,
  denied: 37,
  not_found: 402,
  rate_limited: 143,
  errors: 11,
  upstream_requests: 1_951,
};

export const overview: Overview = {
  status: "ok",
  degraded: [],
  totals,
  hit_ratio: 0.9603,
  upstream: { p50_ms: 84, p95_ms: 212, p99_ms: 480, error_ratio: 0.0021 },
  hours: [{ hour: "2026-11-21T20:00:00Z", ...totals }],
  top_keys: [
    {
      key_id: KEY_ID,
      name: NAME,
      requests: 31_840,
      rate_limited: 143,
      last_used_at: "2026-11-21T20:59:58.402Z",
    },
  ],
  cost: { usd_per_million: 0.912, usd_per_month: 1.3374 },
};

export const jwks = {
  status_code: 200,
  request_id: "request-id-test-b8f5ba1f-9ce1-4a3b-9b0a-0c4b5e5d7f10",
  keys: [
    {
      kty: "RSA",
      use: "sig",
      key_ops: ["verify"],
      alg: "RS256",
      kid: "jwk-test-22f3d6a1-0c1b-4b5e-8f2a-6a7d4f0e9b31",
      n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W",
      e: "AQAB",
    },
  ],
};

export const webhookEvent = {
  project_id: "project-test-11111111-1111-4111-8111-111111111111",
  event_id: "event-test-5d1c0e64-3f4c-4f5e-9d0a-1b2c3d4e5f60",
  action: "UPDATE",
  object_type: "organization",
  source: "DASHBOARD",
  id: demo.organization_id,
  timestamp: "2026-11-21T20:02:11Z",
};

export const metricsText = [
  "# HELP postern_build_info The version of Postern.",
  "# TYPE postern_build_info gauge",
  `postern_build_info{version="${packageJson.version}"} 1`,
  "",
].join("\n");
