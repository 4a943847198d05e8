// Which addresses the ports are opened on: keys `bind-address` and `disable-ipv6`, as `buildHTTPListener` of ingress-nginx reads them. Each
// family has the addresses that are named for it, and where none is, all addresses.
import { isIP } from 'node:net';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { commaList } from '../value-parsers.ts';

const MAX_ADDRESSES = 64;

interface ListenHostDraft {
  address: string;
  isOptional: boolean;
}

/** Comma list of addresses, those of IPv6 with or without brackets. */
export function parseBindAddresses(text: string): Result<readonly string[]> {
  const items = commaList(text);
  if (items.length > MAX_ADDRESSES) return fail(`has more than ${MAX_ADDRESSES} addresses`);
  const bad = items.find((item) => isIP(withoutBrackets(item)) === 0);
  return bad === undefined
    ? ok([...new Set(items.map(withoutBrackets))])
    : fail(`has the item ${JSON.stringify(bad.slice(0, 80))}, which is not an IP address`);
}

/** Empty: all addresses of both families, by one socket. */
export function listenHosts(addresses: readonly string[], hasIpv6: boolean): ListenHostDraft[] {
  if (addresses.length === 0 && hasIpv6) return [];
  const hosts = ofFamily(addresses, 4, '0.0.0.0');
  return hasIpv6 ? [...hosts, ...ofFamily(addresses, 6, '::')] : hosts;
}

function ofFamily(addresses: readonly string[], family: 4 | 6, all: string): ListenHostDraft[] {
  const own = addresses.filter((address) => isIP(address) === family);
  return own.length === 0 ? [{ address: all, isOptional: true }] : own.map((address) => ({ address, isOptional: false }));
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
}
