/** The headers of Postern's answers. */
import type { JsonSchema } from "./clean-schema.ts";

interface Header {
  /** On the wire. */
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: string;
}

const text = (pattern: string, example: string) => ({ schema: { type: "string", pattern }, example });

const varying = (name: string, pattern: string, example: string) => ({
  name: "Vary",
  description: `The answer depends on ${name}.`,
  ...text(pattern, example),
});

/** By the name in the document: some headers have another form with some answers. */
export const HEADERS = {
  "X-Request-Id": {
    name: "X-Request-Id",
    description: "A fresh UUID, which the log line has, too. The caller's own value is not trusted.",
    schema: { type: "string", format: "uuid" },
    example: "3b6f1c0e-8f0a-4d43-9d3f-5f0e4c1f7a52",
  },
  Date: {
    name: "Date",
    description: "When the answer was made.",
    ...text("^\\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT$", "Sat, 21 Nov 2026 20:00:00 GMT"),
  },
  "Cache-Control": {
    name: "Cache-Control",
    description: "The answer is not to be kept.",
    ...text("^no-store$", "no-store"),
  },
  "Cache-Control-Private": {
    name: "Cache-Control",
    description:
      "The caller's own cache may keep the answer, and asks again with its ETag, or after `max-age` if the deployment sets `CLIENT_CACHE_SECONDS`.",
    ...text("^private, (?:no-cache|max-age=\\d+)$", "private, no-cache"),
  },
  "Cache-Control-Public": {
    name: "Cache-Control",
    description: "Every cache may keep the answer for what is left of 15 minutes.",
    ...text("^public, max-age=[1-9]\\d*$", "public, max-age=900"),
  },
  "Cache-Status": {
    name: "Cache-Status",
    description: "RFC 9211: how the cache came by the answer. A stale answer has a `ttl` of 0 or less.",
    ...text(
      "^postern; (?:hit; ttl=-?\\d+; detail=(?:memory|kv)|fwd=(?:miss|request); fwd-status=200(?:; stored)?(?:; collapsed)?)$",
      "postern; hit; ttl=41; detail=memory",
    ),
  },
  "Cache-Status-Bypass": {
    name: "Cache-Status",
    description: "RFC 9211: the read is never cached.",
    ...text("^postern; fwd=bypass$", "postern; fwd=bypass"),
  },
  Age: { name: "Age", description: "Whole seconds since Stytch answered.", ...text("^\\d+$", "19") },
  ETag: {
    name: "ETag",
    description: "Weak, of the resource as this caller sees it. `If-None-Match` is answered with 304.",
    ...text('^W/"[0-9a-f]{32}"$', 'W/"5c1c7d9f0b1e4a2f8d3e6a7b9c0d1e2f"'),
  },
  Vary: varying("the credentials", "^Authorization(?:, ?Origin)?$", "Authorization"),
  "Vary-Origin": varying(
    "the origin of the page, if `CORS_ORIGINS` names some, and on the credentials if another method of the path needs them",
    "^(?:Origin|Authorization(?:, ?Origin)?)$",
    "Origin",
  ),
  "Vary-Accept": varying("the format that is asked for", "^Accept(?:, ?Origin)?$", "Accept"),
  "Server-Timing": {
    name: "Server-Timing",
    description:
      "The durations in ms of the check of the key, the cache and the call to Stytch, if there was one.",
    ...text("^key;dur=[\\d.]+(?:, (?:cache|upstream);dur=[\\d.]+)*$", "key;dur=0, cache;dur=0"),
  },
  "RateLimit-Policy": {
    name: "RateLimit-Policy",
    description: "The rate limit of the key or member: `q` calls in `w` seconds.",
    ...text('^"key";q=\\d+;w=\\d+$', '"key";q=100;w=60'),
  },
  RateLimit: {
    name: "RateLimit",
    description:
      "What is left: `r` calls. In `t` seconds the limit is full again or, if none is left, there is one.",
    ...text('^"key";r=\\d+;t=\\d+$', '"key";r=57;t=12'),
  },
  "Retry-After": {
    name: "Retry-After",
    description: "Seconds after which to call again.",
    ...text("^[1-9]\\d*$", "12"),
  },
  "WWW-Authenticate": {
    name: "WWW-Authenticate",
    description:
      "RFC 9110 §11.6.1: how to authenticate. RFC 6750: `invalid_token`, or the scope that is missing.",
    ...text('^(?:Bearer|Svix) realm="postern"', 'Bearer realm="postern", error="invalid_token"'),
  },
  Location: {
    name: "Location",
    description: "Where to go on. A browser keeps the fragment of the link.",
    ...text("^/handover/key$", "/handover/key"),
  },
  "Set-Cookie": {
    name: "Set-Cookie",
    description: "The cookie of the console: for 12 hours, or removed.",
    ...text(
      "^__Host-postern=[^;]*; Max-Age=\\d+; Path=/; Secure; HttpOnly; SameSite=Strict$",
      "__Host-postern=v1.1795852800.…; Max-Age=43200; Path=/; Secure; HttpOnly; SameSite=Strict",
    ),
  },
  Allow: {
    name: "Allow",
    description: "The methods of the path.",
    ...text("^[A-Z]+(?:, [A-Z]+)*$", "GET, HEAD"),
  },
  "Access-Control-Allow-Origin": {
    name: "Access-Control-Allow-Origin",
    description: "The origin of the page, if `CORS_ORIGINS` allows it.",
    ...text("^\\S+$", "https://app.example"),
  },
  "Access-Control-Expose-Headers": {
    name: "Access-Control-Expose-Headers",
    description: "The headers that the page may read.",
    ...text("^[\\w,-]+$", "X-Request-Id,Cache-Status"),
  },
  "Timing-Allow-Origin": {
    name: "Timing-Allow-Origin",
    description: "The origin that may read the timing.",
    ...text("^\\S+$", "https://app.example"),
  },
} as const satisfies Record<string, Header>;

export type HeaderName = keyof typeof HEADERS;

/** The component of a header that an answer may be without. */
const optionalName = (name: HeaderName) => `${name}-Optional`;

/** Returns the headers of an answer, by their names on the wire. */
export function headerRefs(required: readonly HeaderName[], optional: readonly HeaderName[]) {
  const refs = new Map<string, { $ref: string }>();
  const add = (name: HeaderName, component: string) =>
    refs.set(HEADERS[name].name, { $ref: `#/components/headers/${component}` });
  for (const name of optional) add(name, optionalName(name));
  for (const name of required) add(name, name);
  return Object.fromEntries([...refs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Both forms of each header, of which the document keeps those that it refers to. */
export function headerComponents() {
  return Object.fromEntries(
    (Object.keys(HEADERS) as HeaderName[]).flatMap((key) => {
      const { name: _, ...header } = HEADERS[key];
      return [
        [key, { ...header, required: true }],
        [optionalName(key), header],
      ];
    }),
  );
}
