/**
 * Tells whether a host is this machine or in its network: by its address, by its name, or by the addresses
 * that its name resolves to.
 *
 * @module
 */

/** Time limit in milliseconds of a look-up: requests that go through a proxy need no name server. */
const LOOKUP_TIME = 2000;
const MAX_KNOWN = 1000; // hosts whose look-ups are remembered

/** The name server. Tests replace its method. */
export const names = {
  /** Returns the addresses of a host, or rejects. */
  async addresses(host: string): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(LOOKUP_TIME);
    const found = await Promise.allSettled(
      (["A", "AAAA"] as const).map((kind) => Deno.resolveDns(host, kind, { signal })),
    );
    return found.flatMap((each) => each.status === "fulfilled" ? each.value : []);
  },
};

const known = new Map<string, Promise<boolean>>();

/**
 * Whether a host, as URL.hostname gives it, is this machine or in its network. A name that tells nothing is
 * looked up, which needs permission for the whole network; without it, or if no name server answers, the name
 * counts as public. The connection looks the name up again, and may get another answer.
 */
export async function isPrivate(host: string): Promise<boolean> {
  if (isPrivateHost(host)) return true;
  if (isAddress(host)) return false;
  const { state } = await Deno.permissions.query({ name: "net" });
  if (state !== "granted") return false; // looking it up would ask for the permission
  if (known.size >= MAX_KNOWN) known.clear();
  const found = known.get(host) ?? names.addresses(host).then(
    (addresses) => addresses.some((each) => isPrivateHost(each.includes(":") ? `[${each}]` : each)),
    () => false,
  );
  known.set(host, found);
  return await found;
}

/** Whether a host, as URL.hostname gives it, is this machine or in its network, as far as its name tells. */
export function isPrivateHost(host: string): boolean {
  if (host.startsWith("[")) return isPrivateIpv6(new URL(`http://${host}`).hostname.slice(1, -1));
  const name = host.toLowerCase().replace(/\.$/, "");
  if (isAddress(name)) return isPrivateIpv4(name.split(".").map(Number));
  return !name.includes(".") || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name);
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Source: the IANA registry of special-purpose addresses. */
function isPrivateIpv4([a, b]: readonly number[]): boolean {
  return a === 0 || a === 10 || a === 127 || a >= 224 || a === 169 && b === 254 || a === 192 && b === 168 ||
    a === 172 && b >= 16 && b < 32 || a === 100 && b >= 64 && b < 128;
}

function isPrivateIpv6(address: string): boolean {
  const mapped = /^(?:::ffff:|64:ff9b::)([\da-f]{1,4}):([\da-f]{1,4})$/.exec(address);
  if (mapped !== null) {
    const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
    return isPrivateIpv4([high >> 8, high & 255, low >> 8, low & 255]);
  }
  return address === "::" || address === "::1" || /^f[cd]|^fe[89ab]|^ff/.test(address);
}
