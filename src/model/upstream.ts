// Upstreams: what the proxy dials. Keyed by Service port (and by what changes the connection), never by route, so that
// health, pools and balancing are shared by every route to the same Service.
import type { Brand } from '../kit/brand.ts';
import type { Origin } from './origin.ts';
import type { CookieAffinity } from './policies/cookie-affinity.ts';
import type { LoadBalancing } from './policies/load-balancing.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** `namespace NUL service NUL port` plus what changes the connection; made by `upstreamKey` only. */
export type UpstreamKey = Brand<string, 'UpstreamKey'>;

/** One address that answers for a Service port. IPv6 addresses without brackets. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface ExternalName {
  readonly host: string;
  readonly port: number;
  /** True: it may lead back to the ports that carry traffic, as the URL of an authentication service on one of our own hosts does. */
  readonly mayLeadBack?: true;
}

export interface Upstream {
  readonly key: UpstreamKey;
  /** `namespace-service-port` as in ingress-nginx's `$proxy_upstream_name`: for logs and metrics, not unique. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** Set for a Service of type ExternalName: the controller resolves it and fills `endpoints`. */
  readonly externalName?: ExternalName;
  /** Goes before `loadBalancing`. */
  readonly affinity?: CookieAffinity;
  /** Absent: round robin. */
  readonly loadBalancing?: LoadBalancing;
  /** Absent: plain TCP. */
  readonly tls?: UpstreamTls;
  readonly origin: Origin;
}

/** Joins with NUL, which no Kubernetes name can hold, so that two Services never share a key. */
export function upstreamKey(namespace: string, service: string, port: string, variant = ''): UpstreamKey {
  const parts = variant === '' ? [namespace, service, port] : [namespace, service, port, variant];
  return parts.join('\0') as UpstreamKey;
}
