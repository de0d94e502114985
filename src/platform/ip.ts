/** From where a key may be used. Pure. */
import ipaddr from "ipaddr.js";

/**
 * Whether `address` is in one of `ranges`. Null, as where no Cloudflare stands before the Worker, is in none; neither is what cannot be
 * read. An IPv4 address that comes mapped into IPv6 (RFC 4291 §2.5.5.2) is the IPv4 one.
 */
export function isAllowedIp(ranges: readonly string[], address: string | null): boolean {
  if (address === null || !isIpAddress(address)) return false;
  const caller = ipaddr.process(address);
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(withPrefixLength(range));
    return network.kind() === caller.kind() && caller.match([network, bits]);
  });
}

/**
 * An IPv4 or IPv6 address, or a range of them in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). IPv4 mapped into IPv6 is refused: callers are
 * told apart by their IPv4 address, which it would never match.
 */
export function isIpRange(text: string): boolean {
  const [address = "", bits] = text.split("/");
  if (!isIpAddress(address)) return false;
  if (address.includes(":") && ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && ipaddr.isValidCIDR(text));
}

/** What one caller has of the address space: its IPv4 address, the first half of its IPv6 address; nothing where it cannot be read. */
export function clientNetwork(address: string | null): string {
  if (address === null || !isIpAddress(address)) return "";
  const caller = ipaddr.process(address);
  return caller.kind() === "ipv4"
    ? caller.toString()
    : ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString();
}

/** Four decimal parts, or IPv6 without a zone: the looser forms that parsers take are ways to be misread. */
function isIpAddress(text: string): boolean {
  if (text.includes(":")) return !text.includes("%") && ipaddr.IPv6.isValid(text);
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

function withPrefixLength(range: string): string {
  if (range.includes("/")) return range;
  return `${range}/${range.includes(":") ? 128 : 32}`;
}
