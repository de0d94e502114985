import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";

useClock();

test("GET /whoami returns the caller's own record without its name", async () => {
  const isolate = createIsolate();
  const { key, keyId } = await createKey(isolate, undefined, { region: "weur" });
  const response = await isolate.call("/whoami", { key });
  const { name: _, ...record } = await (await isolate.admin("GET", `/admin/keys/${keyId}`)).json<
    Record<string, unknown>
  >();
  expect(await response.json()).toEqual({ ...record, rate_limit_remaining: null });
  expect(response.headers.get("Vary")).toBe("Authorization");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect((await isolate.call("/whoami")).status).toBe(401);
});
