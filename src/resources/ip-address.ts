// Addresses as Services and EndpointSlices name them, in one canonical text each, so that equal addresses are equal strings.
import { isIPv4, isIPv6 } from 'node:net';

export type AddressFamily = 'IPv4' | 'IPv6';

/** Canonical text (RFC 5952 section 4) of an address without zone, or undefined where the text is no address of the family. */
export function canonicalAddress(text: string, family: AddressFamily): string | undefined {
  if (family === 'IPv4') return isIPv4(text) ? text : undefined;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // The URL standard serializes IPv6 hosts by RFC 5952, except for the dotted form of mapped addresses, which are not dialled as IPv6.
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/**
 * Why a canonical address may not be an endpoint, or undefined. As the API server (`ValidateEndpointIP`: unspecified, link-local and
 * multicast addresses are refused), but loopback is allowed: with manifests, backends on the same machine are normal.
 */
export function endpointAddressProblem(address: string, family: AddressFamily): string | undefined {
  if (family === 'IPv4') {
    const first = Number(address.slice(0, address.indexOf('.')));
    if (address === '0.0.0.0') return 'must not be unspecified (0.0.0.0)';
    if (address.startsWith('169.254.')) return 'must not be link-local (169.254.0.0/16)';
    if (first >= 224 && first <= 239) return 'must not be multicast (224.0.0.0/4)';
    return undefined;
  }
  if (address === '::') return 'must not be unspecified (::)';
  if (/^fe[89ab][0-9a-f]:/.test(address)) return 'must not be link-local (fe80::/10)';
  if (/^ff[0-9a-f]{2}:/.test(address)) return 'must not be multicast (ff00::/8)';
  // A mapped address is dialled as the IPv4 address in it, which would get round the rules above.
  if (/^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(address)) return 'must not be an IPv4-mapped address';
  return undefined;
}
