/** The views in the fragment of the console's URL. */
import { expect, test } from "vitest";
import { parseRoute, routeHash } from "../../console/routes.ts";

test.each([
  ["", "overview", null, {}],
  ["#", "overview", null, {}],
  ["#overview?hours=24", "overview", null, { hours: "24" }],
  ["#keys/0f3k9", "keys", "0f3k9", {}],
  ["#/keys/a%20b?q=x%3Dy", "keys", "a b", { q: "x=y" }],
  ["#keys/%E0%A4%A", "keys", null, {}],
  ["#keys/", "keys", null, {}],
])("the fragment '%s' is the view %s", (hash, view, id, query) => {
  const route = parseRoute(hash);
  expect([route.view, route.id, Object.fromEntries(route.query)]).toEqual([view, id, query]);
});

test("a fragment leads back to what it was made of", () => {
  const hash = routeHash("keys", "a/b ?", { q: "Müller & co", status: null, cursor: "" });
  expect(hash).toBe("#keys/a%2Fb%20%3F?q=M%C3%BCller+%26+co");
  const { view, id, query } = parseRoute(hash);
  expect([view, id, query.get("q"), query.has("status")]).toEqual(["keys", "a/b ?", "Müller & co", false]);
});
