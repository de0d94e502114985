import fc from "fast-check";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { isIdentifier } from "../../src/stytch/identifier.ts";
import { codePoint } from "../support/code-point.ts";

const REQUEST = new Request("https://postern.test/");
let path: string;
let parameter: string | undefined;
const app = new Hono({ getPath: () => path }).get("/p/:id", (c) => {
  parameter = c.req.param("id");
  return c.body(null);
});

/** The identifier that a handler gets for a raw path segment: decoded by Hono, then checked. Null if it is refused. */
function parseIdentifier(segment: string): string | null {
  path = `/p/${segment}`;
  parameter = undefined;
  void app.fetch(REQUEST);
  return parameter !== undefined && isIdentifier(parameter) ? parameter : null;
}

/** The text as a path segment, after the URL parser has normalised it. */
const rawSegment = (text: string) => new URL(`https://h/p/${text}`).pathname.slice("/p/".length);

describe("parseIdentifier", () => {
  test.each([
    ["organization-live-07971b06-ac8b-4cdb-9c15-63b17e653931"],
    ["org_123"],
    ["Slug.with~all-of_it"],
    ["..."],
    [".well-known"],
    ["a b"],
    ["user@acme.example:1+2&3=4;5,6!'()*$"],
    ["株式会社"],
    ["🏢"],
  ])("the identifier %s is read, whether encoded or not", (name) => {
    expect(parseIdentifier(encodeURIComponent(name))).toBe(name);
    expect(parseIdentifier(rawSegment(name))).toBe(name);
    expect(parseIdentifier(name)).toBe(name);
  });

  test("an identifier may contain a bar, and needless percent-encoding", () => {
    expect(parseIdentifier("ext%7C1")).toBe("ext|1");
    expect(parseIdentifier("ext|1")).toBe("ext|1");
    expect(parseIdentifier("a%2Db")).toBe("a-b");
    expect(parseIdentifier("a+b")).toBe("a+b");
  });

  test("an identifier has 1 to 256 characters after decoding, of any number of bytes", () => {
    for (const character of ["a", "株", "🏢"]) {
      expect(parseIdentifier(encodeURIComponent(character.repeat(256)))).toBe(character.repeat(256));
      expect(parseIdentifier(encodeURIComponent(character.repeat(257)))).toBeNull();
    }
    expect(parseIdentifier("%61".repeat(256))).toBe("a".repeat(256));
    expect(parseIdentifier("")).toBeNull();
  });
});

test.each([
  ["a single dot", [".", "%2e", "%2E"]],
  ["two dots", ["..", "%2e%2e", ".%2E", "%2e."]],
  ["a slash", ["a%2Fb", "a%2fb", "%2F", "a/b", "..%2F..", "%2e%2e%2fadmin"]],
  ["a backslash", ["a%5Cb", "a%5cb", "a\\b"]],
  ["the start of a query", ["a%3Fb", "a?b"]],
  ["the start of a fragment", ["a%23b", "a#b"]],
  ["a percent sign, for example from double encoding", ["a%25b", "%25", "%252e%252e", "%252F", "%25252F"]],
  ["a control character", ["%00", "a%00", "a%0Ab", "a%0D%0Ab", "%09", "%1F", "%7F", "%C2%85", "%C2%9F"]],
  ["an overlong encoding", ["%C0%AF", "%E0%80%AF", "%C0%AE%C0%AE", "%C0%80"]],
  ["an encoded surrogate", ["%ED%A0%80", "%ED%BF%BF", "%ED%A0%BD%ED%BF%A2"]],
  ["a lone surrogate", ["\uD83C", "a\uDFE2", "\uDFE2\uD83C"]],
  ["bytes that are not UTF-8", ["%FF", "%80", "%C3", "%F4%90%80%80"]],
  ["incomplete or invalid percent-encoding", ["%", "%4", "%zz", "a%2"]],
])("a path segment with %s is refused", (_, segments) => {
  for (const segment of segments) expect(parseIdentifier(segment), JSON.stringify(segment)).toBeNull();
});

describe("accepted identifiers", () => {
  /** Text of dangerous characters, and arbitrary text. */
  const identifiers = fc.oneof(
    fc.string({ unit: codePoint, maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom("a", ".", "/", "\\", "?", "#", "%", "@", ":", "&", "2", "e", "F", " ", "\t", "|"),
    }),
    fc.stringMatching(/^(\.|%2e|%2E|%25|%2f|%5c|%){1,4}$/),
  );
  const segments = fc.oneof(
    identifiers,
    identifiers.filter((text) => text.isWellFormed()).map((text) => encodeURIComponent(text)),
  );

  test("an accepted identifier, encoded again, cannot change host, path or query", () => {
    let accepted = 0;
    fc.assert(
      fc.property(segments, (segment) => {
        const identifier = parseIdentifier(segment);
        if (identifier === null) return;
        accepted += 1;
        const url = new URL(`https://h/p/${encodeURIComponent(identifier)}`);
        expect(url.origin).toBe("https://h");
        expect(url.pathname.startsWith("/p/")).toBe(true);
        expect(url.pathname.split("/")).toHaveLength(3);
        expect(url.pathname.length).toBeGreaterThan("/p/".length);
        expect(url.search + url.hash).toBe("");
        expect(parseIdentifier(url.pathname.slice("/p/".length))).toBe(identifier);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test("an accepted identifier is decoded once and contains no path syntax", () => {
    fc.assert(
      fc.property(segments, (segment) => {
        const identifier = parseIdentifier(segment);
        if (identifier === null) return;
        expect(identifier).toBe(decodeURIComponent(segment));
        expect(identifier.isWellFormed()).toBe(true);
        expect(identifier).not.toMatch(/[/\\?#%]|\p{Cc}/u);
      }),
      { numRuns: 2_000 },
    );
  });
});
