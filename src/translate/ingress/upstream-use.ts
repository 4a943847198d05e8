// The places of a host that refer to upstreams. Each use tells whom to ask about a problem of the upstream, and whose settings count for it.
import type { UpstreamTls } from '../../model/upstream-tls.ts';
import type { UpstreamKey } from '../../model/upstream.ts';
import type { IngressBackend } from '../../resources/objects.ts';
import type { Subject } from '../finding.ts';
import { serviceRef } from '../upstream.ts';
import type { UpstreamRef } from '../upstream.ts';
import type { ServiceFields } from './field-names.ts';
import type { Transport } from './host-transport.ts';
import type { ServedIngress } from './served-ingress.ts';

/** A place that refers to an upstream and hears of its problems. */
export interface UpstreamUse {
  readonly ref: UpstreamRef;
  readonly subject: Subject;
  /** Where the subject names the Service; undefined for a flag. */
  readonly fields: ServiceFields | undefined;
  /** Whose settings of the Service port may count; absent: default backends and other helpers of a route have none. */
  readonly user?: ServedIngress;
}

export type ServiceBackend = Extract<IngressBackend, { kind: 'service' }>;

/** A backend in the place where an Ingress names it. */
export interface NamedBackend {
  readonly served: ServedIngress;
  readonly backend: ServiceBackend;
  readonly fields: ServiceFields;
}

/** The upstreams of a backend, and their uses. */
export interface BackendUse {
  readonly target: { readonly upstream: UpstreamKey; readonly secureUpstream?: UpstreamKey };
  readonly uses: readonly UpstreamUse[];
}

/** A backend that is reached as its clients came has two upstreams, one of them for requests that came over TLS. */
export function useBackend({ served, backend, fields }: NamedBackend, transport: Transport): BackendUse {
  const { ingress } = served;
  const { namespace } = ingress.metadata;
  const useOf = (tls: UpstreamTls | undefined): UpstreamUse => ({
    ref: serviceRef({ namespace, service: backend.name, port: backend.port, tls }),
    subject: ingress,
    fields,
    user: served,
  });
  const main = useOf(transport.kind === 'tls' ? transport.tls : undefined);
  if (transport.kind !== 'as-client') return { target: { upstream: main.ref.key }, uses: [main] };
  const secure = useOf(transport.tls);
  return { target: { upstream: main.ref.key, secureUpstream: secure.ref.key }, uses: [main, secure] };
}
