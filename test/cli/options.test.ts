import { expect, test, vi } from "vitest";
import {
  collect,
  collectField,
  collectIpRange,
  parseDuration,
  parseKeyId,
  parseOrganization,
  parseRateLimit,
  parseTime,
  parseWholeNumber,
} from "../../cli/options.ts";

test.each([
  ["600/60", 600, 60],
  ["10/s", 10, 1],
  ["600/m", 600, 60],
  ["1000/h", 1_000, 3_600],
  ["5000/d", 5_000, 86_400],
])("the rate limit %s means %i calls in %i s", (text, limit, period_seconds) => {
  expect(parseRateLimit(text)).toEqual({ limit, period_seconds });
});

test.each(["600", "600/", "/60", "600/1m", "600/w", "-1/60", "1.5/s", "1e3/s", " 1/s", "600/60\n"])(
  "the rate limit %j is refused with examples",
  (text) => expect(() => parseRateLimit(text)).toThrow("600/60"),
);

test("limits that only the server can judge are passed on", () => {
  expect(parseRateLimit("0/60").limit).toBe(0);
  expect(parseRateLimit("999999999/1").limit).toBe(999_999_999);
});

test.each(["2027-01-01T00:00:00Z", "2027-01-01T00:00:00.5Z", "2027-01-01T02:00:00+02:00"])(
  "the time %s is passed on unchanged",
  (text) => expect(parseTime(text)).toBe(text),
);

test("a date means its start in UTC, and a time may be counted from now", () => {
  expect(parseTime("2027-01-01")).toBe("2027-01-01T00:00:00Z");
  vi.useFakeTimers({ now: Date.parse("2026-11-29T12:00:00Z") });
  try {
    expect(parseTime("30d")).toBe("2026-12-29T12:00:00.000Z");
    expect(parseTime("90m")).toBe("2026-11-29T13:30:00.000Z");
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ["86400", 86_400],
  ["0", 0],
  ["90m", 5_400],
  ["24h", 86_400],
  ["7d", 604_800],
])("the duration %s has %i seconds", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

test.each(["", "d", "-1", "1.5h", "1w", "1 d", "24H"])("%j is refused as a duration", (text) => {
  expect(() => parseDuration(text)).toThrow("24h");
});

test("several values of one option may have commas between", () => {
  expect(collect("a, b", collect("c", undefined))).toEqual(["c", "a", "b"]);
  expect(collectIpRange("203.0.113.7/24,::1", undefined)).toEqual(["203.0.113.0/24", "::1"]);
  for (const text of ["", "a,", ",a", "a,,b", " "]) expect(() => collect(text, undefined)).toThrow("empty");
});

test("a field may have a quoted name, and is passed on in its normal form", () => {
  const typed = 'member.trusted_metadata."acme.com,x"."plan"';
  expect(collectField(typed, undefined)).toEqual(['member.trusted_metadata."acme.com,x".plan']);
  expect(collectField('"member".name', undefined)).toEqual(["member.name"]);
});

test.each([
  "2027-13-01",
  "30",
  "30w",
  "tomorrow",
  "2027-01-01T00:00:00",
  "2027-13-01T00:00:00Z",
  "1800000000",
])("%s is refused as a time, with an example", (text) =>
  expect(() => parseTime(text)).toThrow("2027-01-01T00:00:00Z"),
);

test("a repeated option collects its values in order", () => {
  expect(collectField("member.name", collectField("organization.trusted_metadata.plan", undefined))).toEqual([
    "organization.trusted_metadata.plan",
    "member.name",
  ]);
});

test.each([
  "organization_name",
  "organization",
  "organization.",
  "organization..x",
  "members.name",
  'member."name',
  '"member.name"',
])("the field %s is refused", (text) =>
  expect(() => collectField(text, undefined)).toThrow("organization.<field>"),
);

test.each(["203.0.113.7", "203.0.113.0/24", "2001:db8::/32", "::1", "0.0.0.0/0"])(
  "%s is accepted as an IP address or range",
  (text) => expect(collectIpRange(text, undefined)).toEqual([text]),
);

test.each([
  "203.0.113.0/33",
  "2001:db8::/129",
  "203.0.113",
  "203.0.113.0/",
  "203.0.113.0/24/8",
  "x",
  "",
  "203.0.113.0/024",
  "fe80::1%eth0",
  "2001:db8::010.0.0.1",
  "203.0.113.7,",
])("%j is refused as an IP address or range", (text) =>
  expect(() => collectIpRange(text, undefined)).toThrow("203.0.113.0/24"),
);

test.each(["-1", "1.5", "", "ten", "1e2"])("%j is refused as a whole number", (text) => {
  expect(() => parseWholeNumber(text)).toThrow("whole number");
});

test("a whole key in place of its ID is refused and not repeated", () => {
  const key = `pst_test_0123456789abcdef_${"k".repeat(50)}`;
  expect(() => parseKeyId(key)).toThrow("not the key");
  expect(() => parseKeyId(key)).not.toThrow("kkk");
});

test.each(["", "..", "0123456789abcde", "0123456789ABCDEF", "0123456789abcde/"])(
  "%j is refused as a key ID",
  (text) => {
    expect(() => parseKeyId(text)).toThrow("16 characters");
  },
);

test.each(["acme", "crm|1001", "organization-live-1", "pst_test_club", "Ünï çødé", "x".repeat(256)])(
  "the organization name %s is passed on unchanged",
  (text) => expect(parseOrganization(text)).toBe(text),
);

test.each(["", ".", "..", "acme/members", "acme?x", "crm%7C1001", "acme\n", "x".repeat(257)])(
  "%j is refused as an organization name, with the rule",
  (text) => {
    const refusal = expect.objectContaining({ exitCode: 2, message: expect.stringContaining("/ \\ ? # %") });
    expect(() => parseOrganization(text)).toThrow(refusal);
  },
);

test("a key in place of an organization is refused and not repeated", () => {
  const key = `pst_live_0123456789abcdef_${"k".repeat(50)}`;
  for (const _ of [1, 2]) expect(() => parseOrganization(key)).toThrow("not a key");
  expect(() => parseOrganization(` ${key}`)).not.toThrow("kkk");
});
