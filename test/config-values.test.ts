/** What single variables of the configuration accept. */
import { expect, test } from "vitest";
import { parse, problemsOf, REQUIRED, WEBHOOK_SECRET } from "./support/parsed-config.ts";

test.each(["ADMIN_TOKEN", "METRICS_TOKEN"])(
  "a %s that does not fit a Bearer credential is refused",
  (name) => {
    expect(problemsOf({ [name]: `two words ${REQUIRED.KEY_SECRET}` })).toHaveProperty(name);
  },
);

test("ACCESS_AUD is the tag of one Access application, or not set", () => {
  const tag = "737646a56ab1df6ec9bddc7e5ca84eaf3b0768850f3ffb5d74f1534911fe3893";
  expect(parse({ ACCESS_AUD: tag }).accessAud).toBe(tag);
  for (const value of [undefined, ""]) expect(parse({ ACCESS_AUD: value }).accessAud).toBeUndefined();
  for (const value of ["two words", "line\nbreak", "tág"])
    expect(problemsOf({ ACCESS_AUD: value })).toEqual({
      ACCESS_AUD: "must be printable ASCII without spaces",
    });
  expect(problemsOf({ ACCESS_AUD: 7 })).toEqual({ ACCESS_AUD: "must be a string" });
});

test("METRICS_PER_KEY is true or false, as text or as a boolean", () => {
  for (const value of ["true", true]) expect(parse({ METRICS_PER_KEY: value }).metricsPerKey).toBe(true);
  for (const value of ["false", false]) expect(parse({ METRICS_PER_KEY: value }).metricsPerKey).toBe(false);
  for (const value of ["yes", "1", 1, "TRUE", null, {}])
    expect(problemsOf({ METRICS_PER_KEY: value })).toEqual({ METRICS_PER_KEY: "must be true or false" });
});

test.each([
  ["https://login.a.example", "https://login.a.example"],
  ["https://a.example/", "https://a.example"],
  ["HTTPS://A.example:443/", "https://a.example"],
  ["https://127.0.0.1:8443", "https://127.0.0.1:8443"],
  ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
  ["http://127.8.9.10", "http://127.8.9.10"],
  ["http://localhost:8787/", "http://localhost:8787"],
  ["http://[::1]:8787", "http://[::1]:8787"],
])("STYTCH_BASE_URL %s is the origin %s", (value, origin) => {
  expect(parse({ STYTCH_BASE_URL: value }).stytch.baseUrl).toBe(origin);
});

test("a problem of STYTCH_BASE_URL says what to write instead", () => {
  expect(problemsOf({ STYTCH_BASE_URL: "https://test.stytch.com/v1/" })["STYTCH_BASE_URL"]).toBe(
    "must be an origin such as https://api.stytch.com, without a path, query or credentials",
  );
  expect(problemsOf({ STYTCH_BASE_URL: "http://test.stytch.com" })["STYTCH_BASE_URL"]).toBe(
    "must be https; http is for loopback only (localhost, 127.0.0.0/8, [::1])",
  );
});

test("STYTCH_JWT_ISSUERS adds to the issuers of the project and of its base URL", () => {
  const project = `stytch.com/${REQUIRED.STYTCH_PROJECT_ID}`;
  const base = "https://login.a.example";
  expect(parse().jwtIssuers).toEqual([project, parse().stytch.baseUrl]);
  const more = " https://old.a.example,https://older.a.example ";
  expect(parse({ STYTCH_BASE_URL: `${base}/`, STYTCH_JWT_ISSUERS: more }).jwtIssuers).toEqual([
    project,
    base,
    "https://old.a.example",
    "https://older.a.example",
  ]);
  for (const value of ["https://a.example,", ",", "a b", "https://a.example;\u0000"]) {
    expect(problemsOf({ STYTCH_JWT_ISSUERS: value })).toEqual({
      STYTCH_JWT_ISSUERS: "must be comma-separated issuers such as https://login.example.com",
    });
  }
});

test("CORS_ORIGINS is a list, with or without spaces, or a star", () => {
  const origins = "https://a.example, http://localhost:3000";
  expect(parse({ CORS_ORIGINS: origins }).corsOrigins).toEqual([
    "https://a.example",
    "http://localhost:3000",
  ]);
  expect(parse({ CORS_ORIGINS: "*" }).corsOrigins).toEqual(["*"]);
  const wildcard = "https://*.app.example";
  expect(parse({ CORS_ORIGINS: `${wildcard} ,${wildcard}:8443` }).corsOrigins).toEqual([
    wildcard,
    `${wildcard}:8443`,
  ]);
});

test("STYTCH_WEBHOOK_SECRET is one secret, or two during a rotation", () => {
  const [old, next] = [WEBHOOK_SECRET, `whsec_${btoa("the next one, of 24 byte")}`];
  expect(parse({ STYTCH_WEBHOOK_SECRET: old }).webhookSecrets).toEqual([old]);
  for (const between of [" ", ",", ", "]) {
    expect(parse({ STYTCH_WEBHOOK_SECRET: old + between + next }).webhookSecrets).toEqual([old, next]);
  }
});

test("the configuration is deeply frozen", () => {
  const config = parse();
  expect(Object.isFrozen(config)).toBe(true);
  for (const [name, part] of Object.entries(config)) expect(Object.isFrozen(part), name).toBe(true);
});
