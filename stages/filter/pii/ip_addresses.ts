/**
 * Finds the public IPv4 addresses that datatrove's pattern matches: four numbers up to 255 with dots between
 * them, also inside a longer sequence of numbers and dots. Addresses with leading zeros and addresses of
 * private or reserved networks are left unchanged.
 *
 * Source: datatrove's PII formatter; Python's ipaddress.is_global; IANA's IPv4 special-purpose address
 * registry.
 *
 * @module
 */

const octet = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)";
// A match has at most 15 characters, so backtracking is cheap.
const pattern = new RegExp(`(?:${octet}\\.){3}${octet}`, "g");

/** Networks that are not globally reachable: address and prefix length. */
const networks = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared address space of carriers
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local
  "172.16.0.0/12", // private
  "192.0.0.0/24", // IETF protocol assignments
  "192.0.2.0/24", // documentation
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "240.0.0.0/4", // reserved, broadcast
].map((network) => {
  const [address, bits] = network.split("/");
  return { address: toNumber(address), size: 2 ** (32 - Number(bits)) };
});
const exceptions = new Set(["192.0.0.9", "192.0.0.10"]); // anycast for PCP and TURN

/**
 * Returns the text with each public address replaced by a value of `replacement`, which is called in order of
 * occurrence.
 */
export function replaceIpAddresses(text: string, replacement: () => string): string {
  return text.replace(pattern, (found) => isGlobal(found) ? replacement() : found);
}

/** Returns whether an address in dotted decimal form is globally reachable. */
export function isGlobal(address: string): boolean {
  if (/(?:^|\.)0[0-9]/.test(address)) return false; // ambiguous: may be octal
  if (exceptions.has(address)) return true;
  const value = toNumber(address);
  return networks.every(({ address: first, size }) => value < first || value >= first + size);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
