import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  clientNetwork,
  isAllowedIp,
  normalizeClientIp,
  normalizeIpRange,
  normalizeStoredRange,
} from "../../src/platform/ip.ts";

const toHex = (group: number) => group.toString(16);

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
  ["2001:db8:1:2:3:4:5::/112", "2001:db8:1:2:3:4:5:9", true],
  ["2001:db8:1:2:3:4:5:0", "2001:db8:1:2:3:4:5::", true],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", true],
  ["::/16", "::2:3:4:5:6:7:8", true],
  ["203.0.113.0/24", "::ffff:203.0.113.9", true],
  ["203.0.113.9", "::203.0.113.9", false],
  ["203.0.113.9", "::cb00:7109", false],
  ["203.0.113.9", "0:0:0:0:0:0:203.0.113.9", false],
  ["203.0.113.9", "::ffff:203.0.113.9", true],
  ["203.0.113.9", "::FFFF:cb00:7109", true],
  ["203.0.113.9", "0:0:0:0:0:ffff:203.0.113.9", true],
  ["203.0.113.9", "::ffff:203.0.113.09", false],
  ["203.0.113.9", "::ffff:0:203.0.113.9", false],
  ["::/0", "::203.0.113.9", true],
  ["2001:db8::/32", "2001:db8::010.0.0.1", false],
  ["2001:db8::/32", "2001:db8::00001", false],
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

test.each([
  ["203.0.113.7/024", "203.0.113.9", true],
  ["203.0.113.7/024", "203.0.114.9", false],
  ["2001:db8::/032", "2001:db8::1", true],
  ["2001:db8::010.0.0.1", "2001:db8::10.0.0.1", true],
])("a range of an old record, %s, keeps its meaning for %s: %s", (range, address, allowed) => {
  expect(isAllowedIp([range], address)).toBe(allowed);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["203.0.113.0/24", "203.0.113.0/24"],
  ["203.0.113.7/24", "203.0.113.0/24"],
  ["203.0.113.7/32", "203.0.113.7/32"],
  ["255.255.255.255/0", "0.0.0.0/0"],
  ["::1", "::1"],
  ["::/0", "::/0"],
  ["2001:DB8::/32", "2001:db8::/32"],
  ["2001:0db8:0:0:0:0:0:1/64", "2001:db8::/64"],
  ["2001:db8::1.2.3.4/128", "2001:db8::102:304/128"],
  ["64:ff9b::192.0.2.1/96", "64:ff9b::/96"],
  ["::cb00:7109", "::cb00:7109"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["2001:db8:1:2:3:4:5::/112", "2001:db8:1:2:3:4:5:0/112"],
  ["::2:3:4:5:6:1.2.3.4", "0:2:3:4:5:6:102:304"],
])("the range %s has the normal form %s", (text, normal) => {
  expect(normalizeIpRange(text)).toBe(normal);
  expect(normalizeIpRange(normal)).toBe(normal);
});

test.each([
  ["203.0.113.7/024", "203.0.113.0/24"],
  ["2001:DB8::/032", "2001:db8::/32"],
  ["2001:db8::010.0.0.1", "2001:db8::a00:1"],
  ["203.0.113.7/24", "203.0.113.0/24"],
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.9", "::ffff:203.0.113.9"],
  ["::ffff:203.0.113.0/120", "::ffff:203.0.113.0/120"],
  ["no range", "no range"],
])("the range of an old record %s has the normal form %s, or itself", (text, normal) => {
  expect(normalizeStoredRange(text)).toBe(normal);
});

test.each([
  "",
  "/",
  "/24",
  "203.0.113.0/33",
  "203.0.113.0/-1",
  "203.0.113.0/+24",
  "203.0.113.0/",
  "203.0.113.0/24/1",
  "203.0.113.0/024",
  "203.0.113.0/010",
  "203.0.113.0/00",
  "203.0.113.0/0x18",
  "203.0.113.0/1e1",
  "203.0.113.0/24 ",
  "203.0.113.0/\u0662\u0664",
  "203.0.113.0/255.255.255.0",
  "203.0.113/24",
  "1",
  "0x7f.0.0.1",
  "010.0.0.1",
  "10.0.0.01",
  "203.0.113.256",
  "2001:db8::/129",
  "2001:db8::/032",
  "2001:db8::010.0.0.1",
  "2001:db8::10.0.0.010/128",
  "2001:db8::0x10.0.0.1",
  "2001:db8::10.0.256.1",
  "2001:db8::10.0.1",
  "2001:db8::00001",
  "2001:db8::1::2",
  "1:2:3:4:5:6:7::8:9",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8::",
  "::1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7:8:9",
  ":1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:",
  "1:2:3:4:5:6:7:1.2.3.4",
  "1:2:3:4:5:6::1.2.3.4:5",
  ":::1",
  "[::1]",
  "fe80::1%eth0",
  "fe80::1%1/64",
  "::203.0.113.9",
  "0:0:0:0:0:0:203.0.113.9/128",
  "::ffff:203.0.113.9",
  "::ffff:203.0.113.0/120",
  "::FFFF:cb00:7100/120",
  "example.com",
  "203.0.113.0/ 24",
  " 203.0.113.7",
])("%j is no address range", (text) => expect(normalizeIpRange(text)).toBeNull());

test("an address is accepted only if the URL Standard's parser reads the same address", () => {
  const piece = fc.constantFrom(
    ...["0", "1", "ffff", "FFFF", "00001", "2001", "db8", ":", ":", "::"],
    ...["203.0.113.9", "010.0.0.1", "1.2.3", "256.1.1.1", ".", "%1"],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 17 }), (pieces) => {
      const text = pieces.join("");
      const normal = normalizeIpRange(text);
      if (normal === null || !text.includes(":")) return;
      expect(URL.parse(`http://[${text}]/`)?.hostname, text).toBe(`[${normal}]`);
    }),
    { numRuns: 500 },
  );
});

test("an IPv6 address is accepted in every compressed form, as a range and as a client", () => {
  // Without ffff, none is IPv4-mapped.
  const group = fc.oneof(fc.constant("0"), fc.integer({ min: 0, max: 0xfffe }).map(toHex));
  const groups = fc.array(group, { minLength: 8, maxLength: 8 });
  const place = fc.integer({ min: 0, max: 7 });
  fc.assert(
    fc.property(groups, place, place, fc.boolean(), (written, first, last, isUpperCase) => {
      const [from, to] = [Math.min(first, last), Math.max(first, last) + 1];
      const full = written.with(0, "2001").map((text, i) => (i >= from && i < to ? "0" : text));
      const lower = `${full.slice(0, from).join(":")}::${full.slice(to).join(":")}`;
      const compressed = isUpperCase ? lower.toUpperCase() : lower;
      expect(isIPv6(compressed), compressed).toBe(true);
      const address = normalizeIpRange(full.join(":"));
      expect(address).not.toBeNull();
      expect(normalizeIpRange(compressed), compressed).toBe(address);
      expect(normalizeIpRange(`${compressed}/128`)).toBe(`${address}/128`);
      expect(normalizeClientIp(compressed), compressed).toBe(address);
      expect(isAllowedIp([compressed], full.join(":")), compressed).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("what Node takes for IPv6 is accepted, and nothing else", () => {
  const pieces = fc.array(fc.constantFrom("0", "1", "f", "ABCD", "20", ":", ":", "::"), { maxLength: 17 });
  const separated = fc
    .array(fc.constantFrom("0", "1", "abcd", ""), { minLength: 2, maxLength: 10 })
    .map((list) => list.join(":"));
  fc.assert(
    fc.property(
      fc.oneof(
        pieces.map((list) => list.join("")),
        separated,
      ),
      (text) => {
        // It may be IPv4-mapped, which is no range.
        if (text.includes("ffff")) return;
        expect(normalizeIpRange(text) !== null && text.includes(":"), text).toBe(isIPv6(text));
        expect(normalizeClientIp(text) !== null && text.includes(":"), text).toBe(isIPv6(text));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a client's network is its IPv4 address or its /64, and an IPv4-compatible address is IPv6", () => {
  expect(clientNetwork("::ffff:203.0.113.9")).toBe("203.0.113.9");
  expect(clientNetwork("2001:DB8:0:1:2::3")).toBe("2001:db8:0:1::");
  expect(clientNetwork("::203.0.113.9")).toBe("::");
  for (const unknown of [null, "", "203.0.113.09", "x"]) expect(clientNetwork(unknown)).toBe("");
});

test("a client's address is shown in its normal form, and nothing else is shown", () => {
  expect(normalizeClientIp("::ffff:203.0.113.9")).toBe("203.0.113.9");
  expect(normalizeClientIp("2001:DB8::0:1")).toBe("2001:db8::1");
  for (const unknown of [null, "", "203.0.113.9, 198.51.100.1", "<b>"]) {
    expect(normalizeClientIp(unknown)).toBeNull();
  }
});
