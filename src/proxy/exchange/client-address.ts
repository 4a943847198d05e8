// Who the client is: the TCP peer, the source of a PROXY header, or what a trusted proxy says in X-Forwarded-For
// (ingress-nginx reference 5.2; nginx's realip module with `real_ip_recursive on`).
import { isIP } from 'node:net';
import { type CidrSet, parseCidrSet, unmapAddress } from '../../kit/cidr.ts';
import type { ForwardedSettings } from '../../model/settings.ts';
import { trimBlanks } from '../http1/message-head.ts';

export interface ClientAddressResolver {
  /** Whether fields in which a proxy tells about its client are believed when they come from this address. */
  readonly isTrusted: (address: string) => boolean;
  /** The first untrusted address of the list from the right; the leftmost if all are trusted; `peer` if nothing in it is an address. */
  readonly resolve: (peer: string, forwardedFor: string) => string;
}

/** `settings.trustedCidrs` were checked by their parser; one that does not parse all the same trusts nobody. */
export function createClientAddressResolver(settings: ForwardedSettings): ClientAddressResolver {
  const isOn = settings.useForwardedHeaders || settings.enableRealIp;
  const parsed = parseCidrSet(settings.trustedCidrs);
  const trusted: CidrSet | undefined = isOn && parsed.ok ? parsed.value : undefined;
  return {
    isTrusted: (address) => trusted?.contains(address) === true,
    resolve(peer, forwardedFor) {
      let client = peer;
      for (const entry of forwardedFor.split(',').toReversed()) {
        const address = withoutPort(trimBlanks(entry));
        if (isIP(address) === 0) return client;
        client = unmapAddress(address);
        if (trusted?.contains(client) !== true) return client;
      }
      return client;
    },
  };
}

/** `1.2.3.4:5678` and `[v6]:5678` are written by some proxies. */
function withoutPort(entry: string): string {
  if (entry.startsWith('[')) return entry.slice(1, entry.indexOf(']'));
  const colon = entry.indexOf(':');
  return colon >= 0 && colon === entry.lastIndexOf(':') ? entry.slice(0, colon) : entry;
}
