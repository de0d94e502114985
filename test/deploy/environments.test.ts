import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";

const CONFIG = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

const read = (env?: "staging" | "production") =>
  unstable_readConfig({ config: CONFIG, ...(env === undefined ? {} : { env }) }, { hideWarnings: true });

/** What must differ between deployments of one account. */
function withoutNames(config: ReturnType<typeof read>) {
  const ratelimits = config.ratelimits.map((limit: object) => ({ ...limit, namespace_id: "" }));
  return { ...config, name: "", topLevelName: "", targetEnvironment: "", ratelimits };
}

test.each(["staging", "production"] as const)(
  "the environment %s equals the top level but for names",
  (env) => {
    expect(withoutNames(read(env))).toEqual(withoutNames(read()));
    expect(read(env).name).toBe(`postern-${env}`);
  },
);

test("the environments count bad credentials by namespaces of their own", () => {
  const ids = [read(), read("staging"), read("production")].map(
    ({ ratelimits }) => ratelimits[0]?.namespace_id,
  );
  expect(new Set(ids).size).toBe(3);
});

test("an upgrade lets busy objects finish, and deployments keep their variables", () => {
  const { durable_objects, keep_vars } = read();
  expect(durable_objects.code_update_strategy).toEqual({ mode: "deferred", max_delay: 30 });
  expect(keep_vars).toBe(true);
});

test.each([undefined, "staging", "production"] as const)(
  "no invocation of %s is logged with its URL, and no query string is kept",
  (env) => {
    expect(read(env).observability).toEqual({
      enabled: true,
      redact_query_string: true,
      logs: { enabled: true, invocation_logs: false },
      traces: { enabled: true, head_sampling_rate: 0.01 },
    });
  },
);
