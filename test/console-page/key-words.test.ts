import { expect, test } from "vitest";
import { fieldWords, KEY_SCOPES, REGION_WORDS, restrictionsOf } from "../../console/keys/key-words.ts";
import { usageSums } from "../../console/keys/usage-sums.ts";
import { SESSION_SCOPES as CHOICES, policyBody, policyFormOf } from "../../console/sessions/policy-form.ts";
import type { KeyRecord, UsageHour } from "../../console/shapes.ts";
import { LOCATION_HINTS } from "../../src/config.ts";
import { SCOPES } from "../../src/keys/record.ts";
import { SESSION_SCOPES, SessionPolicy } from "../../src/sessions/session-policy.ts";

test("the forms offer every scope and region that the API takes, and no other", () => {
  expect(KEY_SCOPES.map(({ scope }) => scope)).toEqual([...SCOPES]);
  expect(CHOICES.map(({ scope }) => scope)).toEqual([...SESSION_SCOPES]);
  expect(Object.keys(REGION_WORDS)).toEqual([...LOCATION_HINTS]);
});

test("no fields, all fields and some fields have words of their own", () => {
  expect([fieldWords(null), fieldWords([]), fieldWords(["name", "status"])]).toEqual([
    "All",
    "None",
    "name, status",
  ]);
});

test("the restrictions of a key are short, and none are said for a free one", () => {
  const free = { rate_limit: null, organization_ids: null, fields: null, allowed_ips: null } as KeyRecord;
  expect(restrictionsOf(free)).toEqual([]);
  const bound: KeyRecord = {
    ...free,
    rate_limit: { limit: 1, period_seconds: 3_600 },
    organization_ids: ["a", "b"],
    fields: { organization: [], member: null },
    allowed_ips: ["::1"],
  };
  expect(restrictionsOf(bound)).toEqual([
    "1 call in 1 hour",
    "2 organizations",
    "some fields",
    "1 address range",
  ]);
});

test("the sums of a key's usage tell what was refused, and what the cache answered", () => {
  const none = {
    requests: 0,
    rate_limited: 0,
    hits: 0,
    stale: 0,
    misses: 0,
    denied: 0,
    not_found: 0,
    errors: 0,
  };
  const hours: UsageHour[] = [
    {
      ...none,
      hour: "2026-11-29T10:00:00Z",
      requests: 8,
      hits: 2,
      stale: 1,
      misses: 1,
      denied: 3,
      errors: 1,
    },
    { ...none, hour: "2026-11-29T11:00:00Z", requests: 1, not_found: 1, rate_limited: 5 },
  ];
  // Some of the denied are among the requests, so they are not added to these.
  expect(usageSums(hours)).toEqual({ calls: 14, refused: 8, hitRatio: 0.75 });
  const stranger = { ...none, hour: "2026-11-29T12:00:00Z", requests: 17, hits: 17, denied: 19 };
  expect(usageSums([stranger])).toEqual({ calls: 36, refused: 19, hitRatio: 1 });
  // 400 has no outcome of its own, and an hour of an earlier version has none at all.
  const invalid = { ...none, hour: "2026-11-29T13:00:00Z", requests: 3, hits: 1, rate_limited: 2 };
  expect(usageSums([invalid])).toEqual({ calls: 5, refused: 2, hitRatio: 1 });
  expect(usageSums([])).toEqual({ calls: 0, refused: 0, hitRatio: null });
});

test("the form of a session policy makes that policy again, and its start is one that the API takes", () => {
  const policy = SessionPolicy.parse({
    scopes: ["organizations:read", "members:read"],
    fields: { organization: ["organization_id"], member: null },
    rate_limit: { limit: 5, period_seconds: 90 },
    max_age_seconds: 120,
    allow_impersonation: true,
  });
  expect(policyBody(policyFormOf(policy))).toEqual(policy);
  expect(SessionPolicy.parse(policyBody(policyFormOf(null)))).toMatchObject({
    scopes: ["organizations:read"],
    allow_impersonation: false,
  });
  const wrong = policyBody({ ...policyFormOf(null), maxAgeSeconds: "" });
  expect(SessionPolicy.safeParse(wrong).success).toBe(false);
});
