/** A key that is bound to addresses. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import type { TestIsolate } from "../support/deployment.ts";
import { setUpOrganization } from "../support/setup.ts";

useClock();

let isolate: TestIsolate;
let key: string;
let path: string;

beforeEach(async () => {
  const keyFields = { allowed_ips: ["203.0.113.0/24", "2001:db8::/32"] };
  ({ isolate, key, path } = await setUpOrganization({ keyFields }));
});

test.each([
  ["203.0.113.9", 200],
  ["2001:db8::1", 200],
  ["::ffff:203.0.113.9", 200],
  ["198.51.100.1", 403],
])("a call from %s with a bound key is answered with %i", async (address, status) => {
  const headers = { "CF-Connecting-IP": address };
  expect((await isolate.call(path, { key, headers })).status).toBe(status);
});

test.each(["X-Forwarded-For", "X-Real-IP", "True-Client-IP", "Forwarded", "CF-Connecting-IPv6"])(
  "a bound key is refused if the allowed address is in %s only",
  async (name) => {
    const response = await isolate.call(path, { key, headers: { [name]: "203.0.113.9" } });
    expect(await response.json()).toMatchObject({ status_code: 403, error_type: "ip_not_allowed" });
    expect(response.headers.has("WWW-Authenticate")).toBe(false);
  },
);

test("a bound key is refused by whoami too", async () => {
  expect((await isolate.call("/whoami", { key })).status).toBe(403);
});
