/** The path of a request URL, which is read without a URL parser in most cases, and the match of a route. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pathOf } from "../src/request-path.ts";

const parsed = (url: string) => new URL(url).pathname.replace(/^\/{2,}/, "/");

describe("pathOf", () => {
  test.each([
    "https://postern.test",
    "https://postern.test/",
    "https://postern.test/v1/b2b/organizations/acme",
    "https://postern.test/v1/b2b/organizations/acme?a=/whoami",
    "https://postern.test//v1/b2b/organizations/acme",
    "http://127.0.0.1:8787/whoami?",
    // The first slash is not part of a path.
    "https://postern.test?/whoami",
    "https://postern.test?x=/admin/keys",
    "https://postern.test#/whoami",
    "https://postern.test\\admin/keys",
    "https://postern.test/a/../whoami",
    "https://postern.test/a/%2e%2e/whoami",
    "https://postern.test/a/./whoami",
    "https://postern.test/a\\b",
    "https://postern.test/a b",
    "https://user:pass@postern.test/whoami",
  ])("the path of %s is what the URL parser says", (url) => {
    expect(pathOf(url)).toBe(parsed(url));
  });

  test("the path of a URL of any characters is what the URL parser says", () => {
    const parts = fc.array(
      fc.constantFrom(
        "/",
        "//",
        "a",
        "B9_-",
        ".",
        "..",
        "%2e",
        "%2F",
        "\\",
        "?",
        "#",
        "|",
        " ",
        "\t",
        "é",
        ";",
        ":",
        "@",
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(parts, parts, (before, after) => {
        const url = `https://postern.test${before.join("")}/${after.join("")}`;
        fc.pre(URL.canParse(url));
        expect(pathOf(url)).toBe(parsed(url));
      }),
      { numRuns: 2_000 },
    );
  });
});
