/** Which values `CORS_ORIGINS` may have, and which origins they allow. */
import { expect, test } from "vitest";
import { AllowedOrigins, isOriginPattern } from "../src/cors-origins.ts";

test.each([
  "*",
  "https://app.example",
  "http://localhost:3000",
  "https://xn--bcher-kva.example",
  "https://*.app.example",
  "https://*.app.example:8443",
  "http://*.localhost:3000",
  "http://*.localhost",
  "https://*.xn--bcher-kva.example",
  "https://*.a.b.c.example",
])("CORS_ORIGINS may list %s", (value) => {
  expect(isOriginPattern(value)).toBe(true);
});

test.each([
  "",
  "null",
  "app.example",
  "https://app.example/",
  "https://app.example:443",
  "https://App.example",
  "https://bücher.example",
  "ftp://app.example",
  "wss://app.example",
  "https://*",
  "https://*.",
  "https://*.example",
  "https://*.com:8443",
  "https://*.com.",
  "https://*.localhosts",
  "https://**.app.example",
  "https://*.*.app.example",
  "https://a.*.app.example",
  "https://app-*.app.example",
  "https://*app.example",
  "https://app.*",
  "*.app.example",
  "*://*.app.example",
  "https://*.app.example/",
  "https://*.app.example:443",
  "https://*.App.example",
  "https://*.bücher.example",
  "https://*.127.0.0.1",
  "https://*.[::1]",
  "https://user@*.app.example",
  "https://x/://*.app.example",
  "ftp://*.app.example",
])("CORS_ORIGINS may not list %j, which no browser sends or nobody means", (value) => {
  expect(isOriginPattern(value)).toBe(false);
});

const allowed = new AllowedOrigins([
  "https://*.app.example",
  "https://*.port.example:8443",
  "http://*.localhost:3000",
  "https://exact.example",
]);

test.each([
  "https://a.app.example",
  "https://xn--bcher-kva.app.example",
  "https://pr-12_x.app.example",
  `https://${"a".repeat(63)}.app.example`,
  "https://a.port.example:8443",
  "http://a.localhost:3000",
  "https://exact.example",
])("a star for one label allows %s", (origin) => {
  expect(allowed.has(origin)).toBe(true);
});

test.each([
  "",
  "null",
  "*",
  "https://*.app.example",
  "https://app.example",
  "https://.app.example",
  "https://a.b.app.example",
  "https://a.app.example.",
  "https://a.app.example:443",
  "https://a.app.example:8443",
  "https://a.port.example",
  "https://a.app.example.evil.example",
  "https://evil.example/.app.example",
  "https://evil.example?.app.example",
  "https://user@evil.app.example",
  "https://evil:1.app.example",
  "https://aapp.example",
  "https://A.app.example",
  "https://a.App.example",
  "http://a.app.example",
  "http://abc.app.example",
  "https://ä.app.example",
  `https://${"a".repeat(64)}.app.example`,
  "https://a.app.example, https://b.app.example",
  "https://a.exact.example",
])("a star for one label does not allow %j", (origin) => {
  expect(allowed.has(origin)).toBe(false);
});
