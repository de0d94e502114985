/** Variables of the Worker: defaults, ranges, and problems that never echo a value. */
import { describe, expect, test } from "vitest";
import { type Config, parseConfig } from "../src/config.ts";
import { parse, problemsOf, REQUIRED, UUID, WEBHOOK_SECRET } from "./support/parsed-config.ts";

const DEFAULTS = {
  environment: "live",
  stytch: {
    projectId: REQUIRED.STYTCH_PROJECT_ID,
    secret: REQUIRED.STYTCH_SECRET,
    nextSecret: undefined,
    baseUrl: "https://api.stytch.com",
    timeoutMs: 5_000,
  },
  jwtIssuers: [`stytch.com/${REQUIRED.STYTCH_PROJECT_ID}`, "https://api.stytch.com"],
  upstreamRegion: "enam",
  keySecret: REQUIRED.KEY_SECRET,
  adminToken: undefined,
  webhookSecrets: [],
  leaseSeconds: 5,
  leaseGraceSeconds: 60,
  cache: {
    freshSeconds: 60,
    staleSeconds: 60,
    staleIfErrorSeconds: 3_600,
    negativeSeconds: 10,
    memorySeconds: 5,
  },
  metricsPerKey: false,
  clientCacheSeconds: 0,
  corsOrigins: [],
  logHitSampleRate: 0.1,
};

const OPTIONAL = [
  "STYTCH_SECRET_NEXT",
  "STYTCH_BASE_URL",
  "STYTCH_WEBHOOK_SECRET",
  "ADMIN_TOKEN",
  "METRICS_TOKEN",
  "METRICS_PER_KEY",
  "LEASE_SECONDS",
  "LEASE_GRACE_SECONDS",
  "CACHE_FRESH_SECONDS",
  "CACHE_STALE_SECONDS",
  "CACHE_STALE_IF_ERROR_SECONDS",
  "CACHE_NEGATIVE_SECONDS",
  "CACHE_MEMORY_SECONDS",
  "CLIENT_CACHE_SECONDS",
  "UPSTREAM_REGION",
  "UPSTREAM_TIMEOUT_MS",
  "CORS_ORIGINS",
  "LOG_HIT_SAMPLE_RATE",
];

test("three variables are enough, and the others have the documented defaults", () => {
  expect(parse()).toEqual(DEFAULTS);
});

test("an empty variable counts as not set", () => {
  expect(parse(Object.fromEntries(OPTIONAL.map((name) => [name, ""])))).toEqual(DEFAULTS);
  for (const name of Object.keys(REQUIRED)) expect(problemsOf({ [name]: "" })).toEqual({ [name]: "missing" });
});

test("every missing variable is named at once", () => {
  expect(parseConfig({})).toEqual({
    ok: false,
    failure: { STYTCH_PROJECT_ID: "missing", STYTCH_SECRET: "missing", KEY_SECRET: "missing" },
  });
});

test("bindings and unknown variables are ignored", () => {
  expect(parse({ ORGANIZATIONS: {}, ANYTHING: "else" })).toEqual(DEFAULTS);
});

test("a test project selects the test environment and its base URL", () => {
  const config = parse({ STYTCH_PROJECT_ID: `project-test-${UUID}` });
  expect(config.environment).toBe("test");
  expect(config.stytch.baseUrl).toBe("https://test.stytch.com");
});

describe.each<[string, number, number, (config: Config) => number]>([
  ["LEASE_SECONDS", 1, 60, (config) => config.leaseSeconds],
  ["LEASE_GRACE_SECONDS", 0, 600, (config) => config.leaseGraceSeconds],
  ["CACHE_FRESH_SECONDS", 1, 3_600, (config) => config.cache.freshSeconds],
  ["CACHE_STALE_SECONDS", 0, 86_400, (config) => config.cache.staleSeconds],
  ["CACHE_STALE_IF_ERROR_SECONDS", 0, 604_800, (config) => config.cache.staleIfErrorSeconds],
  ["CACHE_NEGATIVE_SECONDS", 0, 300, (config) => config.cache.negativeSeconds],
  ["CACHE_MEMORY_SECONDS", 0, 60, (config) => config.cache.memorySeconds],
  ["CLIENT_CACHE_SECONDS", 0, 3_600, (config) => config.clientCacheSeconds],
  ["UPSTREAM_TIMEOUT_MS", 100, 30_000, (config) => config.stytch.timeoutMs],
  ["LOG_HIT_SAMPLE_RATE", 0, 1, (config) => config.logHitSampleRate],
])("%s", (name, least, most, read) => {
  test(`${name} is accepted from ${least} to ${most}, as text or as a number`, () => {
    for (const value of [least, most]) {
      expect(read(parse({ [name]: value }))).toBe(value);
      expect(read(parse({ [name]: String(value) }))).toBe(value);
    }
  });

  test(`${name} is refused out of range, or if it is no plain number`, () => {
    const out = [
      least - 1,
      most + 1,
      String(most + 1),
      "-1",
      "1e1",
      "0x1",
      " 1",
      "1 s",
      "NaN",
      true,
      null,
      [],
      {},
    ];
    for (const value of [...out, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(problemsOf({ [name]: value }), String(value)).toEqual({
        [name]: expect.stringMatching(new RegExp(`number from ${least} to ${most}$`)),
      });
    }
  });

  test(`${name} takes fractions only if it is a rate`, () => {
    const refused = name in problemsOf({ [name]: least + 0.5 });
    expect(refused).toBe(name !== "LOG_HIT_SAMPLE_RATE");
  });
});

test.each([
  [
    "STYTCH_PROJECT_ID",
    [`project-prod-${UUID}`, `project-live-${UUID}0`, `x project-live-${UUID}`, "project-live-"],
  ],
  ["STYTCH_SECRET", ["with space", "line\nbreak", "sécret"]],
  ["STYTCH_SECRET_NEXT", ["with space"]],
  [
    "STYTCH_BASE_URL",
    [
      "ftp://a.example",
      "a.example",
      "https://u:p@a.example",
      "https://u@a.example",
      "https://a.example?",
      "https://a.example/#x",
      "https://test.stytch.com/v1/",
      "https://a.example/v1",
      "https://a.example//",
      "https://a.example/.",
      "https:a.example",
      "https:\\\\a.example",
      " https://a.example",
      "https://a.example:port",
      "http://a.example",
      "http://localhost.a.example",
      "http://127.0.0.1.a.example",
      "http://0.0.0.0:8787",
      "http://[::2]",
    ],
  ],
  [
    "STYTCH_WEBHOOK_SECRET",
    [
      "whsec_==",
      "c2VjcmV0",
      "whsec_not-base64",
      "whsec_c2VjcmV",
      "whsec_c2VjcmV0 c2VjcmV0",
      `${WEBHOOK_SECRET} whsec_c2VjcmV0`,
    ],
  ],
  ["KEY_SECRET", ["a-random-key-secret-0123456789a"]],
  ["ADMIN_TOKEN", ["an-admin-token-of-31-characters"]],
  ["METRICS_TOKEN", ["a-metrics-token-of-31-character"]],
  ["UPSTREAM_REGION", ["mars", "ENAM"]],
  [
    "CORS_ORIGINS",
    [
      "https://a.example/",
      "https://a.example,",
      "a.example",
      "https://a.example/path",
      "null",
      "https://a.example, https://*.com",
      "wss://a.example",
    ],
  ],
])("an invalid %s is named, and its value is not in the problem", (name, values) => {
  for (const value of values) {
    const found = problemsOf({ [name]: value });
    expect(Object.keys(found), value).toEqual([name]);
    expect(JSON.stringify(found).replace(name, "")).not.toContain(value);
  }
  for (const value of [1, true, null, {}]) expect(Object.keys(problemsOf({ [name]: value }))).toEqual([name]);
});
