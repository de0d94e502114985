import { expect, test } from "vitest";
import { isAllowedIp, isIpRange } from "../../src/platform/ip.ts";

test.each<[string, string, boolean]>([
  ["203.0.113.0/24", "203.0.113.0", true],
  ["203.0.113.0/24", "203.0.113.255", true],
  ["203.0.113.0/24", "203.0.114.0", false],
  ["203.0.113.77/24", "203.0.113.1", true],
  ["203.0.113.7", "203.0.113.7", true],
  ["203.0.113.7", "203.0.113.8", false],
  ["0.0.0.0/0", "198.51.100.1", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["::/0", "198.51.100.1", false],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/32", "2001:db9::1", false],
  ["2001:db8::1", "2001:0DB8:0:0:0:0:0:1", true],
  ["203.0.113.0/24", "::ffff:203.0.113.9", true],
  ["203.0.113.0/24", "203.0.113.9, 198.51.100.1", false],
  ["203.0.113.0/24", "0xcb.0.113.9", false],
  ["203.0.113.0/24", "3405803785", false],
  ["203.0.113.0/24", "203.0.113.09", false],
  ["fe80::/10", "fe80::1%eth0", false],
  ["203.0.113.0/24", "", false],
  ["203.0.113.0/24", "localhost", false],
])("isAllowedIp: range %s, address %s: %s", (range, address, allowed) => {
  expect(isAllowedIp(["192.0.2.0/24", range], address)).toBe(allowed);
});

test("a call without an address is in no range, not even in 0.0.0.0/0", () => {
  expect(isAllowedIp(["0.0.0.0/0", "::/0"], null)).toBe(false);
});

test.each(["203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "::1"])(
  "isIpRange accepts %s",
  (text) => {
    expect(isIpRange(text)).toBe(true);
  },
);

test.each([
  "",
  "/",
  "/24",
  "203.0.113.0/33",
  "203.0.113.0/-1",
  "203.0.113.0/",
  "203.0.113.0/24/1",
  "203.0.113/24",
  "1",
  "0x7f.0.0.1",
  "010.0.0.1",
  "2001:db8::/129",
  "fe80::1%eth0",
  "::ffff:203.0.113.9",
  "::ffff:203.0.113.0/120",
  "example.com",
  "203.0.113.0/ 24",
  " 203.0.113.7",
])("isIpRange refuses %j", (text) => expect(isIpRange(text)).toBe(false));
