import fc from "fast-check";
import { expect, test } from "vitest";
import { readCredential } from "../../src/keys/credential.ts";

const basic = (userPass: string) => `Basic ${btoa(userPass)}`;
const presented = (key: string) => ({ kind: "presented", key });
const ABSENT = { kind: "absent" };
const MALFORMED = { kind: "malformed" };

test.each(["Bearer", "bearer", "BEARER", "bEaReR"])("a key behind %s is presented", (scheme) => {
  expect(readCredential(`${scheme} a-key`)).toEqual(presented("a-key"));
});

test.each(["Basic", "basic", "BASIC", "bAsIc"])("a key as the password of %s is presented", (scheme) => {
  expect(readCredential(`${scheme} ${btoa("project-test-1:a-key")}`)).toEqual(presented("a-key"));
});

test.each([
  ["an empty user name", ":a-key", "a-key"],
  ["colons in the key", "user:a:key:", "a:key:"],
  ["an empty key", "user:", ""],
])("of Basic credentials with %s, the first colon ends the name", (_, userPass, key) => {
  expect(readCredential(basic(userPass))).toEqual(presented(key));
});

test("the user name says nothing, whatever it is", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      fc.pre(!name.includes(":"));
      expect(readCredential(basic(`${name}:a-key`))).toEqual(presented("a-key"));
    }),
  );
});

test.each([
  ["no header", null],
  ["an empty header", ""],
  ["white space", " \t "],
  ["a scheme with nothing behind it", "Bearer"],
  ["a scheme with white space behind it", "Basic  "],
  ["a key without a scheme", "pst_test_0000000000000000_x"],
  ["Digest", 'Digest username="a-key"'],
  ["a scheme that begins like one of ours", "BearerX a-key"],
  ["a scheme that ends like one of ours", "XBasic dTprZXk="],
  ["an API key scheme", "ApiKey a-key"],
])("%s is no credentials", (_, header) => {
  expect(readCredential(header)).toEqual(ABSENT);
});

test.each([
  ["not base64", "Basic !!!!"],
  ["base64 of another alphabet", "Basic dXNlcjr_-w"],
  ["cut base64", "Basic dXNlc"],
  ["no colon", basic("a-key")],
  ["nothing in them", `Basic ${btoa("")}=`],
])("Basic credentials with %s are malformed, not absent", (_, header) => {
  expect(readCredential(header)).toEqual(MALFORMED);
});

test("white space around the credentials, and more of it between, says nothing", () => {
  expect(readCredential("  Bearer \t a-key \t")).toEqual(presented("a-key"));
  expect(readCredential(`\tBasic\t ${btoa("u:a-key")} `)).toEqual(presented("a-key"));
});

test("white space inside a Bearer key is part of it, so that no proof fits", () => {
  expect(readCredential("Bearer a-key another")).toEqual(presented("a-key another"));
});

test("4,096 characters are read, one more is not, in either scheme", () => {
  expect(readCredential(`Bearer ${"k".repeat(4_096)}`)).toEqual(presented("k".repeat(4_096)));
  expect(readCredential(`Bearer ${"k".repeat(4_097)}`)).toEqual(MALFORMED);
  // 4 characters of base64 for 3 bytes.
  expect(readCredential(basic(`:${"k".repeat(3_071)}`))).toEqual(presented("k".repeat(3_071)));
  expect(readCredential(basic(`:${"k".repeat(3_072)}`))).toEqual(MALFORMED);
});

test("no header makes it throw, or present what is not in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.constantFrom("", "Bearer ", "Basic "), (text, scheme) => {
      const credential = readCredential(scheme + text);
      if (credential.kind === "presented" && scheme === "Bearer ") expect(text).toContain(credential.key);
      expect(["absent", "malformed", "presented"]).toContain(credential.kind);
    }),
  );
});
