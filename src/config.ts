/**
 * The environment of the Worker, parsed into a frozen `Config`. Names, kinds and defaults are those of
 * docs/configuration.md. A problem names its variable and says what is wrong with it, never the value.
 */
import * as z from "zod";
import { isOriginPattern } from "./cors-origins.ts";
import { failed, type Result, success } from "./result.ts";
import {
  checkBaseUrl,
  emptyAsUnset,
  flag,
  HEADER_SAFE,
  isWebhookSecret,
  longSecret,
  longToken,
  MIN_WEBHOOK_SECRET_BYTES,
  numberVariable,
  stringOr,
  upstreamSecret,
} from "./variable-forms.ts";

/** The regions in which a Durable Object may be placed: https://developers.cloudflare.com/durable-objects/reference/data-location/ */
export const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;

const HEX = "[0-9a-fA-F]";
const UUID = `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`;
const PROJECT_ID = new RegExp(`^project-(test|live)-${UUID}$`);
const Variables = z.object({
  STYTCH_PROJECT_ID: emptyAsUnset(
    stringOr("must be a string").regex(PROJECT_ID, "must be project-(test|live)-<uuid>"),
  ),
  STYTCH_SECRET: emptyAsUnset(upstreamSecret),
  STYTCH_SECRET_NEXT: emptyAsUnset(upstreamSecret.optional()),
  STYTCH_BASE_URL: emptyAsUnset(
    stringOr("must be a string")
      .superRefine((value, context) => {
        const problem = checkBaseUrl(value);
        if (problem !== null) context.addIssue(problem);
      })
      .optional(),
  ),
  STYTCH_JWT_ISSUERS: emptyAsUnset(
    stringOr("must be a string")
      .transform((value) => value.split(",").map((issuer) => issuer.trim()))
      .refine(
        (issuers) => issuers.every((issuer) => HEADER_SAFE.test(issuer)),
        "must be comma-separated issuers such as https://login.example.com",
      )
      .default([]),
  ),
  STYTCH_WEBHOOK_SECRET: emptyAsUnset(
    stringOr("must be a string")
      .transform((value) => value.split(/[\s,]+/).filter((secret) => secret !== ""))
      .refine(
        (secrets) => secrets.length > 0 && secrets.every(isWebhookSecret),
        `must be whsec_<base64> of at least ${MIN_WEBHOOK_SECRET_BYTES} bytes; two of them, with a space between, while it rotates`,
      )
      .default([]),
  ),
  KEY_SECRET: emptyAsUnset(longSecret),
  KEY_SECRET_PREVIOUS: emptyAsUnset(longSecret.optional()),
  ADMIN_TOKEN: emptyAsUnset(longToken.optional()),
  ACCESS_AUD: emptyAsUnset(
    stringOr("must be a string").regex(HEADER_SAFE, "must be printable ASCII without spaces").optional(),
  ),
  METRICS_TOKEN: emptyAsUnset(longToken.optional()),
  METRICS_PER_KEY: emptyAsUnset(flag(false)),
  LEASE_SECONDS: numberVariable(5, 1, 60),
  LEASE_GRACE_SECONDS: numberVariable(60, 0, 600),
  CACHE_FRESH_SECONDS: numberVariable(60, 1, 3_600),
  CACHE_STALE_SECONDS: numberVariable(60, 0, 86_400),
  CACHE_STALE_IF_ERROR_SECONDS: numberVariable(3_600, 0, 604_800),
  CACHE_NEGATIVE_SECONDS: numberVariable(10, 0, 300),
  CACHE_MEMORY_SECONDS: numberVariable(5, 0, 60),
  CLIENT_CACHE_SECONDS: numberVariable(0, 0, 3_600),
  UPSTREAM_REGION: emptyAsUnset(
    z.enum(LOCATION_HINTS, `must be one of ${LOCATION_HINTS.join(", ")}`).default("enam"),
  ),
  UPSTREAM_TIMEOUT_MS: numberVariable(5_000, 100, 30_000),
  CORS_ORIGINS: emptyAsUnset(
    stringOr("must be a string")
      .transform((value) => value.split(",").map((origin) => origin.trim()))
      .refine(
        (origins) => origins.every(isOriginPattern),
        "must be * or comma-separated origins such as https://app.example or https://*.app.example",
      )
      .default([]),
  ),
  LOG_HIT_SAMPLE_RATE: numberVariable(0.1, 0, 1, false),
});

const CheckedVariables = Variables.refine((v) => v.KEY_SECRET_PREVIOUS !== v.KEY_SECRET, {
  path: ["KEY_SECRET_PREVIOUS"],
  error: "must differ from KEY_SECRET: it is the secret before that one",
});

type Variables = z.output<typeof Variables>;

/** Every variable that Postern reads. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(Variables.shape);

export interface Config {
  /** The environment of the Stytch project, and so of its keys: keys of the other one are refused. */
  readonly environment: "test" | "live";
  readonly stytch: {
    readonly projectId: string;
    /** Read in `src/stytch/` alone, like the next one. */
    readonly secret: string;
    /** The next secret, while the project secret rotates. */
    readonly nextSecret: string | undefined;
    /** An origin (RFC 6454 §6.1). */
    readonly baseUrl: string;
    /** The deadline of a whole upstream call, retries included. */
    readonly timeoutMs: number;
  };
  /** The values of `iss` that session JWTs of the project may have. */
  readonly jwtIssuers: readonly string[];
  readonly upstreamRegion: (typeof LOCATION_HINTS)[number];
  /** Makes keys, links to them and the console's cookies. */
  readonly keySecret: string;
  /** Makes nothing, but proves keys and links that were made while it was the `keySecret`. */
  readonly previousKeySecret: string | undefined;
  readonly adminToken: string | undefined;
  /** The tag of the Cloudflare Access application whose people may use the admin API, beside who has the token. */
  readonly accessAud: string | undefined;
  /** May read the metrics and nothing else. */
  readonly metricsToken: string | undefined;
  /** Whether the metrics have a series for each key. */
  readonly metricsPerKey: boolean;
  /** Each of them may sign a webhook. Without any, there is no webhook endpoint. */
  readonly webhookSecrets: readonly string[];
  readonly leaseSeconds: number;
  readonly leaseGraceSeconds: number;
  readonly cache: {
    readonly freshSeconds: number;
    readonly staleSeconds: number;
    readonly staleIfErrorSeconds: number;
    readonly negativeSeconds: number;
    readonly memorySeconds: number;
  };
  /** How long a caller's own HTTP cache may answer without asking; 0: it asks each time. */
  readonly clientCacheSeconds: number;
  readonly corsOrigins: readonly string[];
  readonly logHitSampleRate: number;
}

/** Returns the configuration, or what is wrong with it, by variable and without any value. Never throws. No I/O. */
export function parseConfig(env: object): Result<Config, Readonly<Record<string, string>>> {
  const parsed = CheckedVariables.safeParse(env);
  if (parsed.success) return success(Object.freeze(toConfig(parsed.data)));
  const problems = parsed.error.issues.map((issue) => [String(issue.path[0]), issue.message] as const);
  return failed(Object.fromEntries(problems));
}

/** The value of `CORS_ORIGINS`, even if other variables are wrong; empty if it is wrong itself. Never throws. */
export function parseCorsOrigins(env: object): readonly string[] {
  const parsed = Variables.shape.CORS_ORIGINS.safeParse(Reflect.get(env, "CORS_ORIGINS"));
  return parsed.success ? parsed.data : [];
}

function toConfig(v: Variables): Config {
  const environment = v.STYTCH_PROJECT_ID.startsWith("project-live-") ? "live" : "test";
  const { origin } = new URL(
    v.STYTCH_BASE_URL ?? (environment === "live" ? "https://api.stytch.com" : "https://test.stytch.com"),
  );
  return {
    environment,
    stytch: Object.freeze({
      projectId: v.STYTCH_PROJECT_ID,
      secret: v.STYTCH_SECRET,
      nextSecret: v.STYTCH_SECRET_NEXT,
      baseUrl: origin,
      timeoutMs: v.UPSTREAM_TIMEOUT_MS,
    }),
    // By default, and with a custom domain.
    jwtIssuers: Object.freeze([`stytch.com/${v.STYTCH_PROJECT_ID}`, origin, ...v.STYTCH_JWT_ISSUERS]),
    upstreamRegion: v.UPSTREAM_REGION,
    keySecret: v.KEY_SECRET,
    previousKeySecret: v.KEY_SECRET_PREVIOUS,
    adminToken: v.ADMIN_TOKEN,
    accessAud: v.ACCESS_AUD,
    metricsToken: v.METRICS_TOKEN,
    metricsPerKey: v.METRICS_PER_KEY,
    webhookSecrets: Object.freeze(v.STYTCH_WEBHOOK_SECRET),
    leaseSeconds: v.LEASE_SECONDS,
    leaseGraceSeconds: v.LEASE_GRACE_SECONDS,
    cache: Object.freeze({
      freshSeconds: v.CACHE_FRESH_SECONDS,
      staleSeconds: v.CACHE_STALE_SECONDS,
      staleIfErrorSeconds: v.CACHE_STALE_IF_ERROR_SECONDS,
      negativeSeconds: v.CACHE_NEGATIVE_SECONDS,
      memorySeconds: v.CACHE_MEMORY_SECONDS,
    }),
    clientCacheSeconds: v.CLIENT_CACHE_SECONDS,
    corsOrigins: Object.freeze(v.CORS_ORIGINS),
    logHitSampleRate: v.LOG_HIT_SAMPLE_RATE,
  };
}
