// How the backends of the Ingresses of one host are reached: plain, over TLS, or as the client came; with which Secret. TLS settings of
// the oldest Ingress count for the whole host where an Ingress has none of its own (ingress-nginx: `proxy_ssl_*` of the server block).
import type { UpstreamSecret, UpstreamTls } from '../../model/upstream-tls.ts';
import { upstreamSecretKey } from '../../model/upstream-tls.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import type { UpstreamTlsDraft } from '../annotations/backend-protocol.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { ObjectName, TranslatorOptions } from '../options.ts';
import type { UpstreamSecretReader } from '../upstream-secret.ts';
import type { ServedIngress } from './served-ingress.ts';

export type Transport =
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls'; readonly tls: UpstreamTls }
  /** Plain for requests that came in plain, else over TLS. */
  | { readonly kind: 'as-client'; readonly tls: UpstreamTls }
  /** The Secret cannot be used: nothing is sent. */
  | { readonly kind: 'refused' };

export interface TransportContext {
  readonly snapshot: Snapshot;
  readonly upstreamSecrets: UpstreamSecretReader;
  readonly options: TranslatorOptions;
  /** `proxy-ssl-location-only`. */
  readonly proxySslLocationOnly: boolean;
  /** `allow-cross-namespace-resources`. */
  readonly allowsCrossNamespace: boolean;
}

/** nginx's name for what it proxies to, which it verifies and sends where no other is set. No certificate is for it. */
const DEFAULT_NAME = 'upstream_balancer';
/** ingress-nginx without `proxy-ssl-secret`: neither verification nor a server name. */
const DEFAULT_TLS: UpstreamTls = {
  name: DEFAULT_NAME,
  sendsServerName: false,
  verifies: false,
  verifyDepth: 1,
  ciphers: 'DEFAULT',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
};
const PLAIN: Transport = { kind: 'plain' };
const REFUSED: Transport = { kind: 'refused' };

export class HostTransports {
  /** Secrets that were looked at, present or not. */
  readonly secrets: ObjectName[] = [];
  readonly findings: Finding[] = [];
  readonly #context: TransportContext;
  readonly #rows = new Map<string, UpstreamSecret>();
  readonly #transports = new Map<ServedIngress, Transport>();

  /** `ingresses` of the host, oldest first. */
  constructor(ingresses: readonly ServedIngress[], context: TransportContext) {
    this.#context = context;
    const own = new Map<ServedIngress, UpstreamTls | 'refused'>();
    let trusting: UpstreamTls | undefined;
    let first: UpstreamTls | undefined;
    for (const served of ingresses) {
      const { secret } = served.annotations.upstreamTls;
      if (secret === undefined) continue;
      const row = this.#readSecret(served, secret);
      const tls = row === undefined ? 'refused' : tlsOf(served.annotations.upstreamTls, secret);
      own.set(served, tls);
      if (tls === 'refused') continue;
      first ??= tls;
      if (row !== undefined && row.trustPem !== '') trusting ??= tls;
    }
    // ingress-nginx goes on looking while it has found no trusted certificates.
    const shared = (context.proxySslLocationOnly ? undefined : (trusting ?? first)) ?? DEFAULT_TLS;
    for (const served of ingresses) this.#transports.set(served, transportOf(served, own.get(served) ?? shared));
  }

  /** Rows that the transports refer to. */
  get rows(): readonly UpstreamSecret[] {
    return [...this.#rows.values()];
  }

  of(served: ServedIngress): Transport {
    return this.#transports.get(served) ?? PLAIN;
  }

  #readSecret(served: ServedIngress, name: ObjectName): UpstreamSecret | undefined {
    const { snapshot, upstreamSecrets, allowsCrossNamespace } = this.#context;
    const title = `Secret ${name.namespace}/${name.name}`;
    if (name.namespace !== served.ingress.metadata.namespace && !allowsCrossNamespace) {
      this.#refuse(served, `${title} is in another namespace, which allow-cross-namespace-resources does not allow`);
      return undefined;
    }
    this.secrets.push(name);
    const secret = snapshot.get('Secret', name.namespace, name.name);
    const row = secret === undefined ? undefined : upstreamSecrets.read(secret);
    if (row?.ok === true && served.annotations.upstreamTls.verifies === true && row.value.trustPem === '') {
      this.#refuse(served, `${title} has no ca.crt, which proxy-ssl-verify needs`);
      return undefined;
    }
    if (row?.ok === true) {
      this.#rows.set(row.value.key, row.value);
      return row.value;
    }
    this.#refuse(served, `${title} ${row === undefined ? 'does not exist' : row.error}`);
    return undefined;
  }

  #refuse({ ingress }: ServedIngress, problem: string): void {
    const field = annotationField(`${this.#context.options.annotationsPrefix}/proxy-ssl-secret`);
    this.findings.push(finding('PRT-ANN-4', `${problem}: the paths of this Ingress answer 503`, ingress, field));
  }
}

function transportOf({ annotations }: ServedIngress, tls: UpstreamTls | 'refused'): Transport {
  if (tls === 'refused') return REFUSED;
  switch (annotations.backendProtocol) {
    case 'https':
      return { kind: 'tls', tls };
    case 'auto':
      return { kind: 'as-client', tls };
    default:
      return PLAIN;
  }
}

function tlsOf(draft: UpstreamTlsDraft, secret: ObjectName): UpstreamTls {
  const { name, sendsServerName, verifies, verifyDepth, ciphers, versions } = draft;
  return {
    name: name ?? DEFAULT_NAME,
    sendsServerName: sendsServerName ?? false,
    verifies: verifies ?? false,
    verifyDepth: verifyDepth ?? DEFAULT_TLS.verifyDepth,
    ciphers: ciphers ?? DEFAULT_TLS.ciphers,
    // ingress-nginx's default of `proxy-ssl-protocols`.
    minVersion: versions?.minVersion ?? 'TLSv1.2',
    maxVersion: versions?.maxVersion ?? 'TLSv1.2',
    secret: upstreamSecretKey(secret.namespace, secret.name),
  };
}
