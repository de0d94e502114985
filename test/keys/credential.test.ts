import fc from "fast-check";
import { expect, test } from "vitest";
import { readCredential } from "../../src/keys/credential.ts";
import { codePoint } from "../support/code-point.ts";

const basic = (userPass: string) => `Basic ${btoa(userPass)}`;
const presented = (key: string) => ({ kind: "presented", key });
const ABSENT = { kind: "absent" };
const MALFORMED = { kind: "malformed" };

test.each(["Bearer", "bearer", "BEARER", "bEaReR"])(
  "the scheme %s presents the key that follows it",
  (scheme) => {
    expect(readCredential(`${scheme} a-key`)).toEqual(presented("a-key"));
  },
);

test.each(["Basic", "basic", "BASIC", "bAsIc"])(
  "the scheme %s presents the password as the key",
  (scheme) => {
    expect(readCredential(`${scheme} ${btoa("project-test-1:a-key")}`)).toEqual(presented("a-key"));
  },
);

test.each([
  ["an empty user name", ":a-key", "a-key"],
  ["colons in the key", "user:a:key:", "a:key:"],
  ["an empty key", "user:", ""],
])("the first colon ends the user name of Basic credentials with %s", (_, userPass, key) => {
  expect(readCredential(basic(userPass))).toEqual(presented(key));
});

test("the user name of Basic credentials is ignored", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      fc.pre(!name.includes(":"));
      expect(readCredential(basic(`${name}:a-key`))).toEqual(presented("a-key"));
    }),
  );
});

test.each([
  ["missing", null],
  ["empty", ""],
  ["white space", " \t "],
  ["a scheme without a value", "Bearer"],
  ["a scheme with white space after it", "Basic  "],
  ["a key without a scheme", "pst_test_0000000000000000_x"],
  ["Digest", 'Digest username="a-key"'],
  ["a scheme that begins with Bearer", "BearerX a-key"],
  ["a scheme that ends with Basic", "XBasic dTprZXk="],
  ["an API key scheme", "ApiKey a-key"],
])("the header value is absent credentials if it is %s", (_, header) => {
  expect(readCredential(header)).toEqual(ABSENT);
});

test.each([
  ["not base64", "Basic !!!!"],
  ["base64 of another alphabet", "Basic dXNlcjr_-w"],
  ["truncated base64", "Basic dXNlc"],
  ["no colon", basic("a-key")],
  ["no content", `Basic ${btoa("")}=`],
])("Basic credentials are malformed, not absent, with %s", (_, header) => {
  expect(readCredential(header)).toEqual(MALFORMED);
});

test("white space around and between scheme and credentials is ignored", () => {
  expect(readCredential("  Bearer \t a-key \t")).toEqual(presented("a-key"));
  expect(readCredential(`\tBasic\t ${btoa("u:a-key")} `)).toEqual(presented("a-key"));
});

test("white space inside a Bearer key belongs to the key", () => {
  expect(readCredential("Bearer a-key another")).toEqual(presented("a-key another"));
});

test("credentials of 4,096 characters are read in both schemes, and no longer ones", () => {
  expect(readCredential(`Bearer ${"k".repeat(4_096)}`)).toEqual(presented("k".repeat(4_096)));
  expect(readCredential(`Bearer ${"k".repeat(4_097)}`)).toEqual(MALFORMED);
  // Base64 encodes 3 bytes in 4 characters.
  expect(readCredential(basic(`:${"k".repeat(3_071)}`))).toEqual(presented("k".repeat(3_071)));
  expect(readCredential(basic(`:${"k".repeat(3_072)}`))).toEqual(MALFORMED);
});

test("a Bearer value that begins as a JWT is a token, of any length, and any other is a key", () => {
  for (const token of ["eyJ", "eyJa.b.c", `eyJ.${"b".repeat(10_000)}`])
    expect(readCredential(`Bearer ${token}`)).toEqual({ kind: "session", token });
  for (const key of ["a.b.c", ".", "Bearer eyJ", "EYJa.b.c", "pst_eyJ.b.c"])
    expect(readCredential(`Bearer ${key}`)).toEqual(presented(key));
  expect(readCredential(basic("user:eyJa.b.c"))).toEqual(presented("eyJa.b.c"));
});

test("no header value makes the parser throw, or present a key that is not in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), fc.constantFrom("", "Bearer ", "Basic "), (text, scheme) => {
      const credential = readCredential(scheme + text);
      if (credential.kind === "presented" && scheme === "Bearer ") expect(text).toContain(credential.key);
      if (credential.kind === "session")
        expect([scheme, text.includes(credential.token)]).toEqual(["Bearer ", true]);
      expect(["absent", "malformed", "presented", "session"]).toContain(credential.kind);
    }),
  );
});
