/** The bodies of the admin API that create and edit keys. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyCreation, KeyEdit } from "../../src/keys/policy.ts";
import { SCOPES } from "../../src/keys/record.ts";

describe("KeyCreation", () => {
  const body = { name: "Acme", scopes: ["organizations:read"] };
  const problemOf = (fields: object) =>
    KeyCreation.safeParse({ ...body, ...fields }).error?.issues[0]?.message ?? "";
  const accepts = (fields: object) => KeyCreation.safeParse({ ...body, ...fields }).success;

  test("a creation needs a name and scopes; every other field is null by default", () => {
    expect(KeyCreation.parse(body)).toEqual({
      ...body,
      organization_ids: null,
      fields: null,
      rate_limit: null,
      allowed_ips: null,
      expires_at: null,
      region: null,
    });
    expect(KeyCreation.safeParse({ name: "Acme" }).success).toBe(false);
    expect(KeyCreation.safeParse({ scopes: body.scopes }).success).toBe(false);
  });

  test("the name of a key is trimmed, and then has 1 to 200 characters", () => {
    expect(KeyCreation.parse({ ...body, name: "  Acme \n" }).name).toBe("Acme");
    expect(accepts({ name: ` ${"n".repeat(200)} ` })).toBe(true);
    for (const name of ["", "   ", "n".repeat(201), null, 1])
      expect(accepts({ name }), String(name)).toBe(false);
  });

  test("scopes are stored once each, in a fixed order", () => {
    const scopes = ["cache:refresh", "organizations:read", "cache:refresh"];
    expect(KeyCreation.parse({ ...body, scopes }).scopes).toEqual(["organizations:read", "cache:refresh"]);
    expect(KeyCreation.parse({ ...body, scopes: [...SCOPES].reverse() }).scopes).toEqual(SCOPES);
  });

  test.each([
    [[]],
    [null],
    ["organizations:read"],
    [["organizations:*"]],
    [["organizations:read", ""]],
    [[null]],
  ])("a creation with the scopes %j is refused", (scopes) => {
    expect(accepts({ scopes })).toBe(false);
  });

  test.each(["2027-01-01T00:00:00Z", "2027-01-01T00:00:00.123Z", "2027-01-01T00:00:00+02:00", null])(
    "a key may have the end %s",
    (expires_at) => {
      expect(KeyCreation.parse({ ...body, expires_at }).expires_at).toBe(expires_at);
    },
  );

  test.each([
    "2027-01-01",
    "2027-02-29T00:00:00Z",
    "2027-01-01T00:00:00",
    "2027-13-01T00:00:00Z",
    "soon",
    "",
    1_800_000_000,
  ])("a creation with the end %s is refused", (expires_at) => {
    expect(accepts({ expires_at })).toBe(false);
  });

  test("every accepted end is a valid date, since a key with another would never expire", () => {
    const parts = fc.tuple(
      fc.constantFrom("0000", "2027", "2028", "9999"),
      fc.constantFrom("01-01", "02-28", "02-29", "02-30", "12-31"),
      fc.constantFrom("00:00:00", "23:59:59", "24:00:00", "12:00:60", "12:00"),
      fc.constantFrom("", ".1", ".123456789012345678901", "."),
      fc.constantFrom("Z", "+23:59", "-00:00", "+24:00", "+2", "z", ""),
    );
    fc.assert(
      fc.property(parts, ([year, day, time, fraction, zone]) => {
        const expires_at = `${year}-${day}T${time}${fraction}${zone}`;
        if (accepts({ expires_at })) expect(Date.parse(expires_at), expires_at).not.toBeNaN();
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(["key_id", "status", "revoked_at", "generation", "scope"])(
    "a creation with the unknown field %s is refused, and the field is not dropped",
    (field) => {
      expect(accepts({ [field]: "x" })).toBe(false);
    },
  );

  test.each([
    ["organization:read", "organizations:read"],
    ["organisations:read", "organizations:read"],
    ["members:dangerously-get", "members:dangerously_get"],
    ["cache-refresh", "cache:refresh"],
    ["ORGANIZATIONS", null],
    [7, null],
  ])("the problem of the scope %s suggests %s", (scope, meant) => {
    const message = problemOf({ scopes: ["organizations:read", scope] });
    expect(message.startsWith("must be one of organizations:read, ")).toBe(true);
    expect(/did you mean (.*)\?/.exec(message)?.[1] ?? null).toBe(meant);
  });

  test("address ranges are stored in their normal form, and duplicates are kept", () => {
    const allowed_ips = ["203.0.113.7/24", "2001:DB8::/32", "203.0.113.9", "203.0.113.9"];
    expect(KeyCreation.parse({ ...body, allowed_ips }).allowed_ips).toEqual([
      "203.0.113.0/24",
      "2001:db8::/32",
      "203.0.113.9",
      "203.0.113.9",
    ]);
  });

  test.each(["2001:db8::010.0.0.1", "203.0.113.0/024", "::203.0.113.9", "203.0.113.0/24 "])(
    "a creation with the address range %j is refused",
    (range) => expect(accepts({ allowed_ips: [range] })).toBe(false),
  );

  const KEY = `pst_test_0123456789abcdef_${"a".repeat(58)}`;

  test.each<[string, object]>([
    ["name", { name: KEY }],
    ["name", { name: ` before ${KEY} and after` }],
    ["name", { name: KEY.replace("test", "live") }],
    ["organization_ids.1", { organization_ids: ["organization-test-1", `organization-test-${KEY}`] }],
    ["fields.organization.0", { fields: { organization: [`trusted_metadata.${KEY}`] } }],
    ["fields.member.0", { fields: { member: [`untrusted_metadata."${KEY.replace("pst", "\\u0070st")}"`] } }],
  ])("a key in %s is refused at creation and edit, and is not repeated", (field, body) => {
    for (const problems of [
      KeyCreation.safeParse({ name: "Acme", scopes: ["organizations:read"], ...body }).error?.issues,
      KeyEdit.safeParse(body).error?.issues,
    ]) {
      expect(problems?.map(({ path }) => path.join("."))).toEqual([field]);
      expect(JSON.stringify(problems)).not.toContain(KEY);
    }
  });

  test("a text that only begins like a key is accepted", () => {
    for (const name of ["pst_test_0123456789abcdef", KEY.slice(0, 75), KEY.replace("_test", "_prod")])
      expect(accepts({ name }), name).toBe(true);
  });

  test("field paths are stored in their normal form", () => {
    const organization = [
      'trusted_metadata."acme.com"',
      '"organization_name"',
      'trusted_metadata."plan"."a\\u002eb"',
      'trusted_metadata.a"b',
    ];
    expect(KeyCreation.parse({ ...body, fields: { organization } }).fields).toEqual({
      organization: [
        'trusted_metadata."acme.com"',
        "organization_name",
        'trusted_metadata.plan."a.b"',
        'trusted_metadata."a\\"b"',
      ],
      member: null,
    });
  });

  test.each([
    ["nosuch", "must name an existing field of organization, such as organization_id"],
    ["organisation_name", "must name an existing field of organization: did you mean organization_name?"],
    ["trusted_metdata.plan", "must name an existing field of organization: did you mean trusted_metadata?"],
    [
      "organization.organization_name",
      'must name an existing field of organization: leave out the leading "organization."',
    ],
    ["organization_id.x", "must name an existing field of organization; organization_id has no such field"],
    ["constructor", "must name an existing field of organization, such as organization_id"],
    ['"__proto__"', "must name an existing field of organization, such as organization_id"],
    [
      'trusted_metadata."acme.com',
      'must be names with dots between; quote a name with a dot: trusted_metadata."acme.com"',
    ],
    [`trusted_metadata.${"a".repeat(128)}`, "must have at most 128 characters"],
  ])("the problem of the field path %s says what to write instead", (path, problem) => {
    expect(problemOf({ fields: { organization: ["organization_id", path] } })).toBe(problem);
  });
});
