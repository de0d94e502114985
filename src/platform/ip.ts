/** IP addresses and ranges of them. Pure. */
import ipaddr from "ipaddr.js";

/**
 * True if `address` is in one of `ranges`. False if it is null, as without Cloudflare in front of the Worker, or not
 * an IP address. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) counts as the IPv4 address.
 */
export function isAllowedIp(ranges: readonly string[], address: string | null): boolean {
  if (address === null || !isIpAddress(address)) return false;
  const client = ipaddr.process(address);
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(withPrefixLength(range));
    return network.kind() === client.kind() && client.match([network, bits]);
  });
}

/**
 * True for an IPv4 or IPv6 address, or a range in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). False for IPv4-mapped
 * IPv6: `isAllowedIp` compares the IPv4 address, so that such a range would never match.
 */
export function isIpRange(text: string): boolean {
  const [address = "", bits] = text.split("/");
  if (!isIpAddress(address)) return false;
  if (address.includes(":") && ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && ipaddr.isValidCIDR(text));
}

/**
 * Returns the network that one client controls: its IPv4 address, or the /64 of its IPv6 address. Returns "" for null
 * and for a text that is not an IP address, so that all such clients share one network.
 */
export function clientNetwork(address: string | null): string {
  if (address === null || !isIpAddress(address)) return "";
  const client = ipaddr.process(address);
  return client.kind() === "ipv4"
    ? client.toString()
    : ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString();
}

/** Four decimal parts, or IPv6 without a zone. Parsers disagree about the other forms, such as octal parts. */
function isIpAddress(text: string): boolean {
  if (text.includes(":")) return !text.includes("%") && ipaddr.IPv6.isValid(text);
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

function withPrefixLength(range: string): string {
  if (range.includes("/")) return range;
  return `${range}/${range.includes(":") ? 128 : 32}`;
}
