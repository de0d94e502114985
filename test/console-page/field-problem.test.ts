import { expect, test } from "vitest";
import { fieldProblem, otherProblem } from "../../console/components/field-problem.ts";

const refusal = (field: string | null, text: string) => ({
  field,
  problem: field === null ? text : `${field}: ${text}`,
});

test.each([
  ["name", "name", "must not be empty", "Must not be empty."],
  [
    "organization_ids.1",
    "organization_ids",
    "must be a whole organization ID",
    "Item 2 must be a whole organization ID.",
  ],
  ["fields.member.0", "fields.member", "must be a dot path", "Item 1 must be a dot path."],
  [
    "organization_ids.0",
    "organization_ids",
    "must be an ID. Did you mean its organization_slug?",
    "Item 1 must be an ID. Did you mean its organization_slug?",
  ],
  ["rate_limit.limit", "rate_limit.limit", "must be a whole number", "Must be a whole number."],
])("a refusal of %s shows at %s", (field, name, text, sentence) => {
  expect(fieldProblem(refusal(field, text), name)).toBe(sentence);
  expect(otherProblem(refusal(field, text), [name])).toBe(null);
});

test("a refusal of another field does not show at one whose name begins alike", () => {
  expect(fieldProblem(refusal("name_of_all", "must be short"), "name")).toBe(null);
  expect(
    fieldProblem(refusal("rate_limit.period_seconds", "must be a whole number"), "rate_limit.limit"),
  ).toBe(null);
});

test("a refusal that no field shows is shown whole", () => {
  expect(otherProblem(refusal("color", "unknown field"), ["name"])).toBe("color: unknown field");
  expect(otherProblem(refusal(null, "the key is revoked, which is final"), ["name"])).toBe(
    "the key is revoked, which is final",
  );
  expect(otherProblem({ problem: null, field: null }, ["name"])).toBe(null);
});
