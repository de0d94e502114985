/** Which path a URL is of: as its parser says, though most are not parsed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pathOf } from "../src/request-path.ts";

const parsed = (url: string) => new URL(url).pathname.replace(/^\/{2,}/, "/");

describe("the path of a URL", () => {
  test.each([
    "https://postern.test",
    "https://postern.test/",
    "https://postern.test/v1/b2b/organizations/acme",
    "https://postern.test/v1/b2b/organizations/acme?a=/whoami",
    "https://postern.test//v1/b2b/organizations/acme",
    "http://127.0.0.1:8787/whoami?",
    // The first slash is not one of a path.
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
  ])("%s", (url) => {
    expect(pathOf(url)).toBe(parsed(url));
  });

  test("of any characters is what the parser says", () => {
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
