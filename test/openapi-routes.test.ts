/** `openapi.json` has the routes of the app, and no others. */
import { expect, test } from "vitest";
import document from "../openapi.json";
import { createApp } from "../src/app.ts";
import { isEndpoint } from "../src/log-route.ts";
import { parse, WEBHOOK_SECRET } from "./support/parsed-config.ts";
import { TEST_VARS } from "./support/vars.ts";

test("every route is documented, and every documented operation is a route", () => {
  const vars = {
    ADMIN_TOKEN: TEST_VARS.ADMIN_TOKEN,
    METRICS_TOKEN: TEST_VARS.ADMIN_TOKEN,
    STYTCH_WEBHOOK_SECRET: WEBHOOK_SECRET,
  };
  const app = createApp(parse(vars), null);
  const routes = new Set(
    app.routes.filter(isEndpoint).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`),
  );
  const documented = new Set(
    Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
  expect([...documented].filter((route) => !routes.has(route))).toEqual([]);
  // A route in which an identifier is left out answers that it is out of bounds.
  const withoutIdentifiers = new Set(
    [...documented].flatMap((route) => [
      route.replace(/\{\w+\}/, ""),
      route.replace(/\{\w+\}$/, ""),
      route.replace(/\{\w+\}/g, ""),
    ]),
  );
  expect([...routes].filter((route) => !documented.has(route) && !withoutIdentifiers.has(route))).toEqual([]);
});
