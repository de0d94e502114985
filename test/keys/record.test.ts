import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyCreation, SCOPES, statusOf, toPublicRecord } from "../../src/keys/record.ts";
import { recordOf } from "../support/record.ts";

const END = Date.parse("2027-01-01T00:00:00Z");

const record = recordOf;

describe("statusOf", () => {
  test("a key without an end is active for ever", () => {
    expect(statusOf(record(), 8.64e15)).toBe("active");
  });

  test("a key is active until the millisecond before its end, and then expired", () => {
    const ending = record({ expires_at: "2027-01-01T00:00:00Z" });
    expect(statusOf(ending, END - 1)).toBe("active");
    expect(statusOf(ending, END)).toBe("expired");
    expect(statusOf(ending, END + 1)).toBe("expired");
  });

  test("the end of a key is read in its own time zone", () => {
    const ending = record({ expires_at: "2027-01-01T02:00:00+02:00" });
    expect(statusOf(ending, END - 1)).toBe("active");
    expect(statusOf(ending, END)).toBe("expired");
  });

  test("a revoked key is revoked at any time, even if it has also expired", () => {
    const revoked = record({ revoked_at: "2027-06-01T00:00:00Z", expires_at: "2027-01-01T00:00:00Z" });
    expect(statusOf(revoked, 0)).toBe("revoked");
    expect(statusOf(revoked, END)).toBe("revoked");
  });
});

test("a public record has the current status, and none of the internal fields", () => {
  const { previous: _, version: __, ...ending } = record({ expires_at: "2027-01-01T00:00:00Z" });
  const also = { previous_generation_valid_until: null };
  expect(toPublicRecord(record(ending), END - 1)).toEqual({ ...ending, ...also, status: "active" });
  expect(toPublicRecord(record(ending), END)).toEqual({ ...ending, ...also, status: "expired" });
});

test("a public record has the end of the previous generation until it is over", () => {
  const previous = [
    { generation: 1, valid_until: "2026-06-01T00:00:00.000Z" },
    { generation: 2, valid_until: "2027-01-01T00:00:00.000Z" },
  ];
  const twice = record({ generation: 3, previous });
  expect(toPublicRecord(twice, END - 1).previous_generation_valid_until).toBe("2027-01-01T00:00:00.000Z");
  expect(toPublicRecord(twice, END).previous_generation_valid_until).toBeNull();
});

describe("KeyCreation", () => {
  const body = { name: "Acme", scopes: ["organizations:read"] };
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
});
