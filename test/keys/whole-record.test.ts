/** Which of two records of one key an import keeps, and which records it takes at all. */
import { describe, expect, test } from "vitest";
import { toPublicRecord } from "../../src/keys/record.ts";
import { importOutcome, toWholeRecord, WholeRecord } from "../../src/keys/whole-record.ts";
import { recordOf } from "../support/record.ts";
import { TEST_VARS } from "../support/vars.ts";

const PROJECT = TEST_VARS.STYTCH_PROJECT_ID;
const TIME = "2026-05-01T00:00:00.000Z";
const given = recordOf({ version: 5, generation: 3, issued_at: TIME, project_id: PROJECT });
const outcomeOf = (stored: Partial<typeof given> | null, overrides: Partial<typeof given> = {}) =>
  importOutcome(stored && { ...given, ...stored }, { ...given, ...overrides }, PROJECT);

describe("an import", () => {
  test("takes a key that is not here", () => {
    expect(outcomeOf(null)).toBe("imported");
  });

  test("changes nothing if the record is the same, whoever noted what of it", () => {
    expect(outcomeOf({})).toBe("unchanged");
    expect(outcomeOf({ imported_version: 5 })).toBe("unchanged");
    const early = recordOf({ version: 5, generation: 3 });
    expect(
      importOutcome(early, { ...early, issued_at: early.created_at, project_id: PROJECT }, PROJECT),
    ).toBe("unchanged");
  });

  test("takes a later record over the one of an earlier import, a revocation too", () => {
    const earlier = { version: 4, imported_version: 4 };
    expect(outcomeOf(earlier)).toBe("updated");
    expect(outcomeOf(earlier, { revoked_at: TIME })).toBe("updated");
  });

  test.each<[string, Partial<typeof given>]>([
    ["was changed here since its import", { version: 4, imported_version: 3 }],
    ["is of this deployment", { version: 4 }],
    ["is later here", { version: 6, imported_version: 6 }],
    ["is as old and differs", { name: "Other", imported_version: 5 }],
    ["is revoked here", { version: 4, imported_version: 4, revoked_at: TIME }],
    ["has a later generation here", { version: 4, imported_version: 4, generation: 4 }],
  ])("keeps a key that %s", (_, stored) => {
    expect(outcomeOf(stored)).toBe("kept");
  });
});

const whole = toWholeRecord(given, PROJECT);

test("a whole record is what is stored, and is taken in as it was given out", () => {
  expect(WholeRecord.parse(whole)).toEqual(whole);
  const shown = Object.keys(toPublicRecord(given, 0)).filter(
    (name) => name !== "status" && name !== "previous_generation_valid_until",
  );
  expect(Object.keys(whole)).toEqual(expect.arrayContaining(shown));
  // A field that a record gets one day has to move too.
  expect(Object.keys(whole).sort()).toEqual(Object.keys(WholeRecord.shape).sort());
});

const earlier = (...generations: number[]) =>
  generations.map((generation) => ({ generation, valid_until: TIME }));

test.each<[string, unknown, string]>([
  ["key_id", "0000000000000o00", "16 characters"],
  ["key_id", "short", "16 characters"],
  ["project_id", null, "Stytch project"],
  ["created_at", "2026-05-01", "must be a time"],
  ["created_at", "2026-05-01T00:00:00Z", "must be a time"],
  ["updated_at", "2026-05-01T00:00:00.000+02:00", "must be a time"],
  ["revoked_at", "", "must be a time"],
  ["revoked_at", undefined, "must be a time"],
  ["generation", 0, "whole number"],
  ["generation", 2 ** 30, "whole number"],
  ["generation", 1.5, "whole number"],
  ["issued_at", undefined, "must be a time"],
  ["version", "5", "whole number"],
  ["version", 1e9, "whole number"],
  ["previous", {}, "must be a list"],
  ["previous", [1], "must be an object"],
  ["previous", earlier(3), "earlier generations"],
  ["previous", earlier(2, 1), "earlier generations"],
  ["previous", earlier(1, 1), "earlier generations"],
  ["previous", Array(21).fill(earlier(1)[0]), "at most 20"],
  ["scopes", ["everything"], "must be one of"],
  ["name", `pst_test_0000000000000000_${"0".repeat(58)}`, "must not contain a key"],
  ["imported_version", 5, "imported_version"],
  ["key", "pst_test_", "key"],
])("a record is not taken in with %s of %j", (field, value, problem) => {
  const parsed = WholeRecord.safeParse({ ...whole, [field]: value });
  expect(parsed.success).toBe(false);
  expect(JSON.stringify(parsed.error?.issues)).toContain(problem);
});

test("earlier generations in their order are taken in", () => {
  expect(WholeRecord.parse({ ...whole, previous: earlier(1, 2) }).previous).toEqual(earlier(1, 2));
});
