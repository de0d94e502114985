/** The check that the end-to-end tests make of every answer: what it must find. */
import { expect, test } from "vitest";
import { checkContract as check, type SeenAnswer } from "../support/contract-check.ts";

const REQUEST_ID = "3b6f1c0e-8f0a-4d43-9d3f-5f0e4c1f7a52";

const HEADERS = {
  "X-Request-Id": REQUEST_ID,
  Date: "Sat, 21 Nov 2026 20:00:00 GMT",
  "Cache-Control": "no-store",
  "Content-Type": "application/json",
};

const answer = (fields: Partial<SeenAnswer> = {}, headers: Record<string, string> = {}): SeenAnswer => ({
  method: "GET",
  path: "/healthz",
  status: 200,
  body: '{"status":"ok"}',
  ...fields,
  headers: new Headers({ ...HEADERS, ...headers }),
});

const error = (status: number, type: string) =>
  JSON.stringify({
    status_code: status,
    request_id: REQUEST_ID,
    error_type: type,
    error_message: "No.",
    error_url: `https://postern.example/docs/errors#${type}`,
  });

const without = (name: string) => {
  const seen = answer();
  seen.headers.delete(name);
  return seen;
};

test("an answer as it is documented passes, to HEAD, too", () => {
  expect(check(answer())).toBeNull();
  expect(check(answer({ method: "HEAD", body: "" }))).toBeNull();
});

test("a path that is not documented passes only if the answer says so", () => {
  const unknown = { path: "/nowhere", status: 404, body: error(404, "route_not_found") };
  expect(check(answer(unknown))).toBeNull();
  expect(check(answer({ path: "/nowhere" }))).toBe(
    "GET /nowhere 200: the path or method is not documented, and the answer does not say so",
  );
});

const WRONG: readonly (readonly [what: string, seen: SeenAnswer, problem: string])[] = [
  ["a status that is not documented", answer({ status: 201 }), "the status is not documented"],
  ["a missing header", without("X-Request-Id"), "the header X-Request-Id is missing"],
  [
    "a header of another form",
    answer({}, { "Cache-Control": "public" }),
    'the header Cache-Control is "public"',
  ],
  [
    "a header that is not documented",
    answer({}, { "X-Powered-By": "x" }),
    "the header x-powered-by is not documented",
  ],
  ["a renamed field", answer({ body: '{"state":"ok"}' }), 'does not have required property "status"'],
  [
    "a field more",
    answer({ body: '{"status":"ok","more":1}' }),
    'Property "more" does not match additional properties schema',
  ],
  ["a body of another type", answer({}, { "Content-Type": "text/html" }), "text/html, is not documented"],
  ["a body to HEAD", answer({ method: "HEAD" }), "an answer to HEAD has a body"],
  [
    "an error type that the operation does not have",
    answer({ status: 503, body: error(503, "purge_unavailable") }),
    "#/error_type Instance does not match any of",
  ],
  [
    "a status in the body that is not that of the answer",
    answer({ status: 503, body: error(500, "misconfigured") }),
    "#/status_code Instance does not match 503",
  ],
];

test.each(WRONG)("%s is found", (_, seen, problem) => {
  expect(check(seen)).toContain(problem);
});

test("a path without parameters goes before one that matches with them", () => {
  const headers = { Vary: "Authorization", "WWW-Authenticate": 'Bearer realm="postern"' };
  const seen = { status: 401, body: error(401, "missing_key") };
  expect(check(answer({ ...seen, path: "/v1/b2b/rbac/policy" }, headers))).toBeNull();
  expect(check(answer({ ...seen, path: "//v1/b2b/organizations/" }, headers))).toBeNull();
});
