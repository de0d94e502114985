import { expect, test } from "vitest";
import type { KeyRecord } from "../../cli/client.ts";
import { errorLine, jsonText, printable } from "../../cli/errors.ts";
import {
  auditText,
  editedText,
  issuedText,
  purgedText,
  purgeNote,
  purgeWarnings,
  recordsText,
  recordText,
  rotatedHeading,
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

test("a name cannot move the cursor, start a line or reverse the text", () => {
  expect(printable("a\u{1b}[2Jb\nc\u{202e}d")).toBe("a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
  expect(printable("e\ud800f\u{1f389}")).toBe("e\\u{d800}f\u{1f389}");
  expect(recordsText([{ ...RECORD, name: "x\ny" }]).split("\n")).toHaveLength(2);
});

test("a row of the list has at most 80 columns, whatever its name and scopes", () => {
  const scopes = ["members:dangerously_get", "members:include_deleted"];
  const keys = [
    { ...RECORD, name: "n".repeat(120), scopes },
    { ...RECORD, name: "株式会社".repeat(10), status: "revoked", scopes: ["a".repeat(90)] },
    RECORD,
  ];
  expect(recordsText(keys).split("\n")).toEqual([
    "KEY ID            NAME                STATUS   EXPIRES     SCOPES",
    `0123456789abcdef  ${"n".repeat(17)}…  active   2027-01-01  members:dangerous… +1`,
    `0123456789abcdef  ${"株式会社".repeat(2)}…   revoked  2027-01-01  ${"a".repeat(20)}…`,
    "0123456789abcdef  Acme partner        active   2027-01-01  organizations:read +1",
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
      "allowed IPs             any",
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

test("the old key is not said to outlive the key itself", () => {
  const rotated = { ...RECORD, previous_generation_valid_until: "2027-02-01T00:00:00Z" };
  expect(recordText(rotated)).toContain("old key works until     2027-01-01T00:00:00Z");
  expect(rotatedHeading(rotated)).toBe("The old key works until 2027-01-01T00:00:00Z.");
});

test("a rotation of an expired key says that neither key works, and what to do", () => {
  const expired = { ...RECORD, status: "expired", previous_generation_valid_until: "2027-02-01T00:00:00Z" };
  const heading = rotatedHeading(expired);
  expect(heading).toContain("The key expired on 2027-01-01T00:00:00Z, so neither");
  expect(heading).toContain("--expires or --no-expiry");
  expect(heading).not.toContain("works until 2027");
});

test("a rotation without overlap says that the old key stops", () => {
  expect(rotatedHeading(RECORD)).toContain("stops working everywhere within LEASE_SECONDS");
  expect(rotatedHeading(undefined)).toContain("stops working");
});

test("an edit shows each changed field as it was and as it is, and then the record", () => {
  const after = { ...RECORD, name: "New\u202e", rate_limit: null, updated_at: "2026-12-01T00:00:00Z" };
  expect(editedText(RECORD, after)).toBe(
    [
      ...["name:", "  was  Acme partner", "  is   New\\u{202e}"],
      ...["rate limit:", "  was  600/60", "  is   none", "", recordText(after)],
    ].join("\n"),
  );
  expect(editedText(RECORD, RECORD)).toBe(`Nothing has changed.\n\n${recordText(RECORD)}`);
});

test("a key without a region is said to be near its creator", () => {
  expect(recordText({ ...RECORD, region: null })).toMatch(/^region {18}near its creator$/m);
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
  [["cache:refresh"], "/whoami", "To see what it may do"],
  [["members:include_deleted"], "/whoami", "To see what it may do"],
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

test("an audit event is one line, whatever its detail", () => {
  const at = "2026-11-21T20:00:00Z";
  const events = [
    { at, action: "key.edited", actor: "a@b.c", key_id: "0123456789abcdef", detail: { fields: ["name"] } },
    { at, action: "cache.purged", key_id: null, detail: { organization_id: "crm|1", by: "admin" } },
    { at, action: "key.created", actor: "token", key_id: "0123456789abcdef", detail: "in words" },
    { at, action: "key.revoked", key_id: "0123456789abcdef", detail: null },
  ];
  expect(auditText({ events }).split("\n")).toEqual([
    "AT                    ACTION        KEY ID            BY     DETAIL",
    '2026-11-21T20:00:00Z  key.edited    0123456789abcdef  a@b.c  {"fields":["name"]}',
    '2026-11-21T20:00:00Z  cache.purged                           {"organization_id":"crm|1","by":"admin"}',
    "2026-11-21T20:00:00Z  key.created   0123456789abcdef  token  in words",
    "2026-11-21T20:00:00Z  key.revoked   0123456789abcdef",
  ]);
});

test("the creation of a key in the audit is one safe line with its restrictions", () => {
  const detail = {
    name: "Acme\n",
    organization_ids: ["o1", "o2"],
    rate_limit: { limit: 60, period_seconds: 60 },
    expires_at: "2027-01-01T00:00:00Z",
  };
  const events = [{ at: "2026-11-21T20:00:00Z", action: "key.created", key_id: null, detail }];
  const lines = auditText({ events }).split("\n");
  expect(lines.length).toBe(2);
  expect(lines[1]).toContain(
    '{"name":"Acme\\n","organization_ids":["o1","o2"],"rate_limit":{"limit":60,"period_seconds":60},"expires_at":"2027-01-01T00:00:00Z"}',
  );
});

test("an edit in the audit is shown as it was and as it is", () => {
  const detail = {
    fields: ["name", "organization_ids"],
    before: { name: "Old", organization_ids: null },
    after: { name: "New\n", organization_ids: ["o"] },
  };
  const events = [{ at: "2026-11-21T20:00:00Z", action: "key.updated", key_id: null, detail }];
  expect(auditText({ events })).toContain('name: "Old" → "New\\n"; organization_ids: null → ["o"]');
});

test("a purge is one safe line that claims no more than it knows", () => {
  expect(purgedText({ purged: "crm|\u{202e}1" })).toBe(
    "Asked Postern to end what is cached under crm|\\u{202e}1: in force everywhere within LEASE_SECONDS (default: 5).",
  );
});

test("only a purge by ID is said to be certain", () => {
  const id = "organization-live-a3db8489-e5dc-4516-a22b-fda897f3734a";
  expect(purgeNote(id)).toBeUndefined();
  expect(purgeWarnings(id)).toEqual([]);
  for (const name of ["acme", "crm|1001", "organization-acme"]) {
    expect(purgeNote(name)).toBe(
      "Postern does not tell whether any organization has this name. Only a purge by ID (organization-…) is sure to end what was cached of one before it took the name.",
    );
    expect(purgeWarnings(name)).toEqual([]);
  }
});

test.each(["Acme Corporation", "Ünï", "a:b", "x".repeat(129), "organization-live-…"])(
  "a purge of %j warns that no organization of Stytch has that name",
  (name) => {
    expect(purgeWarnings(name)).toEqual([expect.stringContaining("purge by ID")]);
    expect(purgeNote(name)).toBeUndefined();
  },
);

test("the JSON of a document escapes what could move the cursor or hide, and stays the same JSON", () => {
  const name = 'a\u001b[2J\u007f\u009b\u2028\u2029\u200e\u200f\u202e\u2066\u061c\ud800\u{e0041}\u00e9株🎉\n"';
  const document = { name, [name]: [name, null, 1] };
  const json = jsonText(document);
  expect(JSON.parse(json)).toEqual(document);
  expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(json).toContain(
    "\\u009b\\u2028\\u2029\\u200e\\u200f\\u202e\\u2066\\u061c\\ud800\\udb40\\udc41é株🎉\\n",
  );
  expect(jsonText({ a: [1, { b: "c" }] })).toBe(JSON.stringify({ a: [1, { b: "c" }] }, null, 2));
});

test("an error is one line without a mistyped key or token", () => {
  expect(errorLine("error: unknown option '--tokn=hunter2'\n(Did you mean --token?)")).toBe(
    "error: unknown option '--tokn=…' (Did you mean --token?)",
  );
  expect(errorLine(`unknown command '${KEY}'`)).toBe("error: unknown command 'pst_live_0123456789abcdef_…'");
  const token = `handover_0123456789abcdef_${"k".repeat(52)}`;
  expect(errorLine(`unknown command '${token}'`)).toBe(
    "error: unknown command 'handover_0123456789abcdef_…'",
  );
});
