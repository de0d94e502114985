import { expect, test } from "vitest";
import type { KeyRecord } from "../../cli/client.ts";
import { errorLine, printable } from "../../cli/errors.ts";
import {
  auditText,
  card,
  issuedText,
  purgedText,
  recordsText,
  recordText,
  table,
  truncate,
  usageText,
  utcTime,
} from "../../cli/format.ts";

const RECORD: KeyRecord = {
  key_id: "0123456789abcdef",
  name: "Acme partner",
  status: "active",
  scopes: ["organizations:read", "cache:refresh"],
  organization_ids: ["organization-live-1|x"],
  fields: { organization: ["organization_name"], member: null },
  rate_limit: { limit: 600, period_seconds: 60 },
  allowed_ips: null,
  region: "weur",
  expires_at: "2027-01-01T02:00:00+02:00",
  created_at: "2026-11-21T20:00:00.123Z",
  updated_at: "2026-11-21T20:00:00.123Z",
  revoked_at: null,
  generation: 1,
  previous_generation_valid_until: null,
};
const KEY = `pst_live_0123456789abcdef_${"k".repeat(50)}`;

test("columns are as wide as their widest cell, and no line ends in spaces", () => {
  const rows = [
    ["a", "1"],
    ["longer", ""],
  ];
  expect(table(["NAME", "N"], rows)).toBe("NAME    N\na       1\nlonger");
});

test("a card leaves out names without a value", () => {
  const rows = [
    ["a", "1"],
    ["gone", undefined],
    ["bcd", "2"],
  ] as const;
  expect(card(rows)).toBe("a    1\nbcd  2");
});

test("a name cannot move the cursor, start a line or reverse the text", () => {
  expect(printable("a\u{1b}[2Jb\nc\u{202e}d")).toBe("a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
  expect(recordsText([{ ...RECORD, name: "x\ny" }]).split("\n")).toHaveLength(2);
});

test("wide and combining characters count by the columns that they fill", () => {
  const rows = [
    ["日本語", "1"],
    ["ｱｲｳ", "2"],
    ["e\u0301t\u0301", "3"],
    ["🎉", "4"],
    ["한글", "5"],
  ];
  expect(table(["N", ""], rows).split("\n").slice(1)).toEqual([
    "日本語  1",
    "ｱｲｳ     2",
    "e\u0301t\u0301      3",
    "🎉      4",
    "한글    5",
  ]);
});

test.each([
  ["short", "short"],
  ["exactly 10", "exactly 10"],
  ["eleven char", "eleven ch…"],
  ["日本語日本", "日本語日本"],
  ["日本語日本語", "日本語日…"],
])("%s is cut to ten columns as %s", (text, cut) => {
  expect(truncate(text, 10)).toBe(cut);
});

test("a long name does not widen the list, and the scopes come last", () => {
  const long = { ...RECORD, name: "n".repeat(120) };
  const lines = recordsText([long, RECORD]).split("\n");
  expect(lines).toEqual([
    "KEY ID            NAME                      STATUS  EXPIRES     CREATED     RATE LIMIT  SCOPES",
    `0123456789abcdef  ${"n".repeat(23)}…  active  2027-01-01  2026-11-21  600/60      organizations:read,cache:refresh`,
    "0123456789abcdef  Acme partner              active  2027-01-01  2026-11-21  600/60      organizations:read,cache:refresh",
  ]);
});

test("times are shown in UTC to the second, other text unchanged", () => {
  expect(utcTime("2027-01-01T02:00:00.999+02:00")).toBe("2027-01-01T00:00:00Z");
  expect(utcTime("soon")).toBe("soon");
});

test("a record is shown line by line, with words for null", () => {
  expect(recordText(RECORD)).toBe(
    [
      "key_id                  0123456789abcdef",
      "name                    Acme partner",
      "status                  active",
      "scopes                  organizations:read, cache:refresh",
      "organizations           organization-live-1|x",
      "fields of organization  organization_name",
      "fields of member        all",
      "rate limit              600/60",
      "allowed IPs             all",
      "region                  weur",
      "expires                 2027-01-01T00:00:00Z",
      "created                 2026-11-21T20:00:00Z",
      "updated                 2026-11-21T20:00:00Z",
      "generation              1",
    ].join("\n"),
  );
});

test("the old key is said to work only while the key is active", () => {
  const rotated = { ...RECORD, generation: 2, previous_generation_valid_until: "2026-11-22T20:00:00Z" };
  expect(recordText(rotated)).toContain("old key works until     2026-11-22T20:00:00Z");
  expect(recordText({ ...rotated, status: "revoked" })).not.toContain("works");
});

test("a field that an older Postern does not send is not shown", () => {
  const { organization_ids: _o, fields: _f, rate_limit: _r, allowed_ips: _a, region: _g, ...old } = RECORD;
  expect(recordText(old)).not.toMatch(/all|none|organizations |region/);
});

test("an issued key is shown once, with a curl command that it may call", () => {
  const text = issuedText("https://postern.example", { ...RECORD, key: KEY }, "The key:");
  expect(text.split(KEY)).toHaveLength(2);
  expect(text).toContain('"https://postern.example/v1/b2b/organizations/organization-live-1%7Cx"');
  expect(text).toContain("not shown again");
  const member = { ...RECORD, scopes: ["members:dangerously_get"], key: KEY };
  expect(issuedText("https://postern.example", member, "")).toContain('/members/dangerously_get/$MEMBER"');
});

/** Placeholders in angle brackets are redirections to a shell, and curl refuses them in a URL. */
test.each([
  [["organizations:read"], "/v1/b2b/organizations/$ORGANIZATION", "ORGANIZATION to an organization's ID"],
  [["members:dangerously_get"], "/members/dangerously_get/$MEMBER", "MEMBER to a member's ID"],
  [["cache:refresh"], "/whoami", "This key reads nothing"],
  [["members:include_deleted"], "/whoami", "This key reads nothing"],
])("the curl command for the scopes %j calls %s", (scopes, path, instruction) => {
  const text = issuedText(
    "https://postern.example",
    { ...RECORD, organization_ids: null, scopes, key: KEY },
    "",
  );
  const [command = ""] = /^ {2}curl .*$/m.exec(text) ?? [];
  expect(command).toMatch(/^ {2}curl -H "Authorization: Bearer \$KEY" "https:[^"<>]+"$/);
  expect(command.endsWith(`${path}"`)).toBe(true);
  expect(text).toContain(instruction);
});

test("an issued key is shown even if the rest of the response is unexpected", () => {
  expect(issuedText("https://postern.example", { key: KEY, scopes: 1 }, "The key:")).toContain(KEY);
});

test("usage ends with a total", () => {
  const hours = [
    { hour: "2026-11-21T20:00:00Z", requests: 12, rate_limited: 0 },
    { hour: "2026-11-21T19:00:00Z", requests: 1_000, rate_limited: 3 },
  ];
  expect(usageText({ hours }, 24).split("\n").at(-1)).toBe("total                 1012      3");
  expect(usageText({ hours: [] }, 24)).toBe("No calls in the last 24 hours.");
});

test("an audit event is one line, whatever its detail", () => {
  const at = "2026-11-21T20:00:00Z";
  const events = [
    { at, action: "key.edited", key_id: "0123456789abcdef", detail: { fields: ["name"] } },
    { at, action: "cache.purged", key_id: null, detail: { organization_id: "crm|1", by: "admin" } },
    { at, action: "key.created", key_id: "0123456789abcdef", detail: "in words" },
    { at, action: "key.revoked", key_id: "0123456789abcdef", detail: null },
  ];
  expect(auditText({ events }).split("\n")).toEqual([
    "AT                    ACTION        KEY ID            DETAIL",
    '2026-11-21T20:00:00Z  key.edited    0123456789abcdef  {"fields":["name"]}',
    '2026-11-21T20:00:00Z  cache.purged                    {"organization_id":"crm|1","by":"admin"}',
    "2026-11-21T20:00:00Z  key.created   0123456789abcdef  in words",
    "2026-11-21T20:00:00Z  key.revoked   0123456789abcdef",
  ]);
});

test("a purge is one safe line that says when it takes effect", () => {
  expect(purgedText({ purged: "crm|\u{202e}1" })).toBe(
    "Purged crm|\\u{202e}1. The purge takes effect everywhere within LEASE_SECONDS (default: 5).",
  );
});

test("an error is one line without a mistyped key or token", () => {
  expect(errorLine("error: unknown option '--tokn=hunter2'\n(Did you mean --token?)")).toBe(
    "error: unknown option '--tokn=…' (Did you mean --token?)",
  );
  expect(errorLine(`unknown command '${KEY}'`)).toBe("error: unknown command 'pst_live_0123456789abcdef_…'");
});
