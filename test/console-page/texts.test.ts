/** What the console says of events and purges, and what a link that hands a key over does. */
import { expect, test } from "vitest";
import { actionText, actorText, detailLines, keyNames } from "../../console/audit-text.ts";
import { OPENED, SHOWN, takeKey, tokenOf, withoutTokenText } from "../../console/handover-call.ts";
import { purgeCaution, purgedText } from "../../console/purge-text.ts";

const event = (action: string, detail: Record<string, unknown>, actor = "token") => ({
  at: "2026-11-29T12:00:00Z",
  action,
  actor,
  key_id: null,
  detail,
});

test("an edit shows what it changed, and nothing else", () => {
  const before = { name: "old", rate_limit: null, allowed_ips: null };
  const after = { name: "new", rate_limit: { limit: 60, period_seconds: 60 }, allowed_ips: null };
  expect(detailLines(event("key.updated", { before, after }))).toEqual([
    "name: old → new",
    "rate limit: none → 60 in 1 minute",
  ]);
});

test("a creation shows each restriction that it has, and the first ten items of a list", () => {
  const organization_ids = Array.from({ length: 12 }, (_, index) => `o${index}`);
  const detail = {
    name: "Acme",
    scopes: ["organizations:read"],
    organization_ids,
    fields: { organization: ["organization_name"], member: null },
    rate_limit: { limit: 60, period_seconds: 60 },
    allowed_ips: ["203.0.113.0/24"],
    expires_at: "2027-01-01T00:00:00Z",
    region: "weur",
  };
  expect(detailLines(event("key.created", detail))).toEqual([
    "name: Acme",
    "scopes: organizations:read",
    "organizations: o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, and 2 more",
    "fields: organization organization_name; member all",
    "rate limit: 60 in 1 minute",
    "allowed ips: 203.0.113.0/24",
    "expires at: 2027-01-01T00:00:00Z",
    "region: weur",
  ]);
});

test("a long list of fields shows its first ten, too", () => {
  const member = Array.from({ length: 11 }, (_, index) => `m${index}`);
  const [line] = detailLines(event("key.created", { fields: { organization: null, member } }));
  expect(line).toBe(`fields: organization all; member ${member.slice(0, 10).join(", ")}, and 1 more`);
});

test("an edit shows lists whole, so that a change of a late item shows", () => {
  const before = { organization_ids: Array.from({ length: 12 }, (_, index) => `o${index}`) };
  const after = { organization_ids: [...before.organization_ids.slice(0, 11), "other"] };
  expect(detailLines(event("key.updated", { before, after }))).toEqual([
    `organizations: ${before.organization_ids.join(", ")} → ${after.organization_ids.join(", ")}`,
  ]);
});

test("an edit says what null means of each field", () => {
  const before = { fields: null, allowed_ips: null, expires_at: null };
  const after = {
    fields: { organization: ["organization_name"], member: null },
    allowed_ips: ["203.0.113.0/24"],
    expires_at: "2027-01-01T00:00:00Z",
  };
  expect(detailLines(event("key.updated", { before, after }))).toEqual([
    "fields: all → organization organization_name; member all",
    "allowed ips: any → 203.0.113.0/24",
    "expires at: never → 2027-01-01T00:00:00Z",
  ]);
});

test("a first session policy is shown whole, and a removed one not at all", () => {
  const policy = { scopes: ["organizations:read"], max_age_seconds: 300, allow_impersonation: false };
  expect(detailLines(event("session_policy.updated", { after: policy }))).toEqual([
    "scopes: organizations:read",
    "max age: 5 minutes",
    "allow impersonation: no",
  ]);
  expect(detailLines(event("session_policy.deleted", { before: policy }))).toEqual([]);
});

test("the details of a purge leave out by whom it was, which has its own place", () => {
  expect(detailLines(event("cache.purged", { rbac_policy: true, by: "admin" }))).toEqual(["rbac policy"]);
});

test("an unknown action or actor shows by its name", () => {
  const unknown = event("key.painted", {}, "ada@example.com");
  expect([actionText(unknown), actorText(unknown)]).toEqual(["key.painted", "ada@example.com"]);
  const known = event("key.revoked", {}, "webhook");
  expect([actionText(known), actorText(known)]).toEqual(["Revoked a key", "Stytch webhook"]);
});

test("a purge by ID has no caution, by slug one, and by display name another", () => {
  expect(purgeCaution("organization-live-00000000-0000-4000-8000-000000000000")).toBeNull();
  expect(purgeCaution("")).toBeNull();
  expect(purgeCaution("acme")).toContain("Only a purge by ID");
  expect(purgeCaution("Acme, Inc.")).toContain("nothing is cached under it");
});

test("the token of a hand-over is the fragment of its link", () => {
  expect([tokenOf("#handover_x"), tokenOf("#"), tokenOf("")]).toEqual(["handover_x", null, null]);
});

test("a key is handed over by one POST with the token in its body", async () => {
  const calls: [string, RequestInit][] = [];
  const fetch = async (path: string, init: RequestInit) => {
    calls.push([path, init]);
    return Response.json({ key: "pst_test_x", record: { name: "a" } });
  };
  expect(await takeKey(fetch, "t")).toEqual({ kind: "key", key: "pst_test_x", record: { name: "a" } });
  const init = { method: "POST", body: '{"token":"t"}', signal: expect.any(AbortSignal) };
  expect(calls).toEqual([["/handover", expect.objectContaining(init)]]);
});

test("a used link has ended, and one that cannot be asked for has failed", async () => {
  const answer = (response: Response) => async () => response;
  expect(await takeKey(answer(new Response("", { status: 404 })), "t")).toEqual({ kind: "ended" });
  const refused = Response.json({ error_message: "Come again." }, { status: 503 });
  expect(await takeKey(answer(refused), "t")).toEqual({ kind: "failed", problem: "Come again." });
  const lost = () => Promise.reject(new TypeError("Failed to fetch"));
  expect(await takeKey(lost, "t")).toMatchObject({ kind: "failed" });
});

test("without a token the page tells a reload after the key from one before it and from a broken link", () => {
  const titles = [SHOWN, OPENED, null, { other: 1 }].map((state) => withoutTokenText(state).title);
  expect(titles).toEqual([
    "The key was shown",
    "Open the link once more",
    "This link is not whole",
    "This link is not whole",
  ]);
  expect(withoutTokenText(SHOWN).text).not.toMatch(/open the link/i);
});

test("a purge says within how many seconds it is in force", () => {
  expect(purgedText("acme")).toContain("cached under acme");
  expect(purgedText("acme")).toContain("within 5 seconds");
});

test("a key in the audit has its present name, or that of its creation, or none", () => {
  const created = (key_id: string, name: string) => ({ ...event("key.created", { name }), key_id });
  const events = [
    { ...event("key.revoked", {}), key_id: "unknown" },
    created("renamed", "Old"),
    created("far", "Far"),
    event("cache.purged", { name: "no key" }),
  ];
  const names = keyNames(events, [{ key_id: "renamed", name: "New" }]);
  expect([...names]).toEqual([
    ["renamed", "New"],
    ["far", "Far"],
  ]);
});
