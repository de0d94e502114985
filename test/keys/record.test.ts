import { describe, expect, test } from "vitest";
import { isOfProject, statusOf, toPublicRecord } from "../../src/keys/record.ts";
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
  const internal = { project_id: "project-test-1" };
  const also = { previous_generation_valid_until: null };
  expect(toPublicRecord(record({ ...ending, ...internal }), END - 1)).toEqual({
    ...ending,
    ...also,
    status: "active",
  });
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

test("a key is of its own project only, and one of an early version is of any", () => {
  expect(isOfProject(record({ project_id: "project-test-1" }), "project-test-1")).toBe(true);
  expect(isOfProject(record({ project_id: "project-test-1" }), "project-test-2")).toBe(false);
  expect(isOfProject(record(), "project-test-2")).toBe(true);
});
