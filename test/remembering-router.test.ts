/** What the router remembers of Hono's TrieRouter, whose answers must stay the same. */
import { TrieRouter } from "hono/router/trie-router";
import { expect, test, vi } from "vitest";
import { RememberingRouter } from "../src/remembering-router.ts";

function createRouter() {
  const trie = new TrieRouter<string>();
  const match = vi.spyOn(trie, "match");
  const router = new RememberingRouter(trie);
  router.add("GET", "/v1/organizations/:id", "organization");
  router.add("GET", "/v1/organizations/members", "members");
  router.add("POST", "/v1/organizations/:id", "update");
  router.add("GET", "/handover/:token", "handover");
  return { router, match, handlersOf: (method: string, path: string) => router.match(method, path)[0] };
}

test("a path that is asked for again is matched once, with its own parameters", () => {
  const { handlersOf, match } = createRouter();
  for (let call = 0; call < 3; call += 1) {
    expect(handlersOf("GET", "/v1/organizations/a")).toEqual([["organization", { id: "a" }]]);
    expect(handlersOf("GET", "/v1/organizations/b")).toEqual([["organization", { id: "b" }]]);
    expect(handlersOf("GET", "/v1/organizations/members").map(([name]) => name)).toContain("members");
    expect(handlersOf("GET", "/v1/none")).toEqual([]);
  }
  expect(match).toHaveBeenCalledTimes(4);
});

test("another method of a path that is remembered is matched by itself", () => {
  const { handlersOf } = createRouter();
  handlersOf("GET", "/v1/organizations/a");
  expect(handlersOf("POST", "/v1/organizations/a")).toEqual([["update", { id: "a" }]]);
  expect(handlersOf("DELETE", "/v1/organizations/a")).toEqual([]);
});

test("nothing is remembered of a hand-over, whose path is a secret, nor of a long path", () => {
  const { handlersOf, match } = createRouter();
  for (const path of ["/handover/secret", `/v1/organizations/${"a".repeat(200)}`]) {
    match.mockClear();
    for (let call = 0; call < 2; call += 1) expect(handlersOf("GET", path)).toHaveLength(1);
    expect(match).toHaveBeenCalledTimes(2);
  }
});

test("a route that is added later counts for paths that were asked for before", () => {
  const { router, handlersOf } = createRouter();
  expect(handlersOf("GET", "/v1/new")).toEqual([]);
  router.add("GET", "/v1/new", "new");
  expect(handlersOf("GET", "/v1/new").map(([name]) => name)).toEqual(["new"]);
});

test("however many paths are asked for, 5,000 are remembered, and each is matched", () => {
  const { handlersOf, match } = createRouter();
  for (let path = 0; path < 5_001; path += 1)
    expect(handlersOf("GET", `/v1/organizations/${path}`)).toEqual([["organization", { id: String(path) }]]);
  match.mockClear();
  handlersOf("GET", "/v1/organizations/5000");
  expect(match).toHaveBeenCalledTimes(0);
  handlersOf("GET", "/v1/organizations/0");
  expect(match).toHaveBeenCalledTimes(1);
});
