/** A key that is bound to addresses. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createKey, type TestIsolate } from "../support/deployment.ts";
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
  ["::203.0.113.9", 403],
  ["203.0.113.09", 403],
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

test.each([
  ["198.51.100.1", "198.51.100.1"],
  ["2001:DB9::0:1", "2001:db9::1"],
  ["::ffff:198.51.100.1", "198.51.100.1"],
  ["<script>", "none was seen"],
])("a refusal of the address %s says that it was seen as %s", async (address, seen) => {
  for (const refused of [path, "/whoami"]) {
    const response = await isolate.call(refused, { key, headers: { "CF-Connecting-IP": address } });
    expect(await response.json()).toMatchObject({
      status_code: 403,
      error_message: `The key may not be used from this address: ${seen}.`,
    });
  }
});

test("a range with host bits is shown in its normal form and applies as a whole", async () => {
  const created = await createKey(isolate, undefined, { allowed_ips: ["198.51.100.77/24"] });
  const shown = await (await isolate.admin("GET", `/admin/keys/${created.keyId}`)).json();
  expect(shown).toMatchObject({ allowed_ips: ["198.51.100.0/24"] });
  const headers = { "CF-Connecting-IP": "198.51.100.1" };
  expect((await isolate.call(path, { key: created.key, headers })).status).toBe(200);
});
