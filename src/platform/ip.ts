/**
 * IP addresses and ranges of them. Pure.
 *
 * Parsers disagree about some spellings: a leading zero is octal to one and decimal to another, and `::203.0.113.9` is
 * an IPv6 address of its own, which some read as IPv4. So every text is checked against the grammar here before
 * ipaddr.js, which is lenient, computes with it.
 */
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * True if `address` is in one of `ranges`. False if it is null, as without Cloudflare in front of the Worker, or not
 * an IP address. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) counts as the IPv4 address; an IPv4-compatible one
 * (§2.5.5.1, deprecated) does not. `ranges` are those of a record, whose old spellings keep working.
 */
export function isAllowedIp(ranges: readonly string[], address: string | null): boolean {
  const client = parseClient(address);
  return client !== null && ranges.some((range) => isInRange(client, range));
}

/** Reads a stored range as leniently as it was accepted once, so that no key stops working. */
function isInRange(client: Address, range: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(withPrefixLength(range));
  return network.kind() === client.kind() && client.match([network, bits]);
}

/**
 * Returns the normal form of an IPv4 or IPv6 address, or of a range in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3):
 * without host bits, IPv6 as in RFC 5952. Returns null for anything else, and for a range in IPv4-mapped or dotted
 * IPv4-compatible IPv6: `isAllowedIp` would never find an IPv4 caller in it.
 */
export function normalizeIpRange(text: string): string | null {
  const [address = "", prefix, ...rest] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed === null || rest.length > 0 || looksLikeIpv4(parsed, address)) return null;
  if (prefix === undefined) return parsed.toString();
  const bits = /^(0|[1-9]\d{0,2})$/.test(prefix) ? Number(prefix) : Number.POSITIVE_INFINITY;
  if (bits > (parsed.kind() === "ipv4" ? 32 : 128)) return null;
  const network =
    parsed.kind() === "ipv4"
      ? ipaddr.IPv4.networkAddressFromCIDR(`${parsed}/${bits}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits}`);
  return `${network}/${bits}`;
}

/**
 * Returns the normal form of a range of a record, whose old spelling may not be accepted any more; the text itself if
 * there is none.
 */
export function normalizeStoredRange(range: string): string {
  const normal = normalizeIpRange(range);
  if (normal !== null || !ipaddr.isValidCIDR(withPrefixLength(range))) return normal ?? range;
  const [address, bits] = ipaddr.parseCIDR(withPrefixLength(range));
  return normalizeIpRange(range.includes("/") ? `${address}/${bits}` : `${address}`) ?? range;
}

/** True for an IPv6 address that its author may mean as IPv4: IPv4-mapped, or IPv4-compatible and written with dots. */
function looksLikeIpv4(parsed: Address, text: string): boolean {
  if (!("parts" in parsed)) return false;
  return (
    parsed.isIPv4MappedAddress() ||
    (text.includes(".") && parsed.parts.slice(0, 6).every((part) => part === 0))
  );
}

/**
 * Returns the network that one client controls: its IPv4 address, or the /64 of its IPv6 address. Returns "" for null
 * and for a text that is not an IP address, so that all such clients share one network.
 */
export function clientNetwork(address: string | null): string {
  const client = parseClient(address);
  if (client === null) return "";
  return client.kind() === "ipv4"
    ? client.toString()
    : ipaddr.IPv6.networkAddressFromCIDR(`${client}/64`).toString();
}

/** Returns the address in its normal form, IPv4-mapped IPv6 as IPv4; null if the text is not an IP address. */
export function normalizeClientIp(address: string | null): string | null {
  return parseClient(address)?.toString() ?? null;
}

function parseClient(address: string | null): Address | null {
  const parsed = address === null ? null : parseAddress(address);
  return parsed !== null && "parts" in parsed && parsed.isIPv4MappedAddress()
    ? parsed.toIPv4Address()
    : parsed;
}

/**
 * RFC 4291 §2.2: groups of one to four hexadecimal digits, with a dotted IPv4 tail or without. No zone (RFC 4007). There
 * are eight colons if `::` stands for one group at either end. How often `::` may occur is left to ipaddr.js.
 */
const IPV6 = /^(?:[\da-f]{0,4}:){2,8}(?:[\da-f]{0,4}|(?<tail>\d+\.\d+\.\d+\.\d+))$/i;

/** Four decimal parts without leading zeros, or IPv6 without a zone; null for any other text. */
function parseAddress(text: string): Address | null {
  if (!text.includes(":")) {
    return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null;
  }
  const match = IPV6.exec(text);
  if (match === null) return null;
  const tail = match.groups?.["tail"];
  if (tail === undefined) return parseGroups(text);
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return null;
  // The tail is written as two groups, because ipaddr.js reads `::203.0.113.9` as IPv4-mapped.
  const [a, b, c, d] = ipaddr.IPv4.parse(tail).octets as [number, number, number, number];
  const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16));
  return parseGroups(text.slice(0, -tail.length) + groups.join(":"));
}

const parseGroups = (text: string) => (ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : null);

function withPrefixLength(range: string): string {
  if (range.includes("/")) return range;
  return `${range}/${range.includes(":") ? 128 : 32}`;
}
