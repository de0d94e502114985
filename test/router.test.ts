import { getRouterName } from "hono/dev";
import { expect, test } from "vitest";
import { createApp } from "../src/app.ts";
import { Cors } from "../src/cors.ts";
import { createConfig } from "./support/config.ts";

function appOf(vars: Record<string, string> = {}) {
  const config = createConfig(vars);
  return createApp(config, config.corsOrigins.length > 0 ? new Cors(config.corsOrigins) : null);
}

const WEBHOOKS = { STYTCH_WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };

test("a router that remembers what it matched is in front of every route", () => {
  expect(getRouterName(appOf())).toBe("RememberingRouter");
});

test.each([{}, { CORS_ORIGINS: "https://app.example", ...WEBHOOKS }])(
  "a hot route has one handler and no middleware, so Hono composes no chain: %j",
  (vars) => {
    const { router } = appOf(vars);
    for (const path of [
      "/v1/b2b/organizations/acme",
      "/v1/b2b/organizations/members/dangerously_get/m",
      "/whoami",
    ]) {
      expect(router.match("GET", path)[0], path).toHaveLength(1);
    }
  },
);

test("no route stands for all paths, which would slow every match", () => {
  const { routes } = appOf({ CORS_ORIGINS: "https://app.example", ...WEBHOOKS });
  expect(routes.map(({ path }) => path).filter((path) => path.startsWith("/*") || path === "*")).toEqual([]);
});

test("an area that is not configured is not mounted", () => {
  const mounted = (vars: Record<string, string>) =>
    appOf(vars).routes.some(({ path }) => path.startsWith("/admin") || path.startsWith("/webhooks"));
  expect(mounted({ ADMIN_TOKEN: "" })).toBe(false);
  expect(mounted({})).toBe(true);
  expect(mounted({ ADMIN_TOKEN: "", ...WEBHOOKS })).toBe(true);
});
