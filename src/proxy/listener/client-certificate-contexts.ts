// Which handshakes ask for a client certificate, and by which CA it is judged: the policy of the virtual host that the server name leads to,
// found by the same look-up as requests are. Hosts without a policy never get here.
import tls from 'node:tls';
import { LruMap } from '../../kit/lru.ts';
import { type ClientTrust, isSameTrust } from '../../model/policies/client-certificates.ts';
import type { HostName, VirtualHost } from '../../model/route.ts';
import { normaliseHost } from '../../routing/normalise-host.ts';
import type { RoutingTable } from '../../routing/table.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { ContextOptions, TlsContexts } from './tls-contexts.ts';

/** Contexts kept, at about 50 KB each. */
const KEPT_CONTEXTS = 500;

export interface HandshakePolicy {
  /** Of the virtual host; of the host itself for an alias. */
  readonly hostName: HostName;
  /** Undefined: no certificate is asked for. */
  readonly trust: ClientTrust | undefined;
}

interface KeptContext {
  readonly trust: ClientTrust;
  readonly options: ContextOptions;
  readonly context: tls.SecureContext;
}

export class ClientCertificateContexts {
  readonly #table: RoutingTable<ProxyRoute>;
  readonly #tlsContexts: TlsContexts;
  readonly #asking = new Set<HostName>();
  readonly #contexts = new LruMap<string, KeptContext>(KEPT_CONTEXTS);

  constructor(table: RoutingTable<ProxyRoute>, tlsContexts: TlsContexts) {
    this.#table = table;
    this.#tlsContexts = tlsContexts;
  }

  /** False: no host asks for certificates, so nobody has to look at server names before the handshake. */
  get isNeeded(): boolean {
    return this.#asking.size > 0;
  }

  setHost({ name, clientCertificates }: VirtualHost): void {
    if (clientCertificates === undefined || clientCertificates.verify === 'off') this.#asking.delete(name);
    else this.#asking.add(name);
  }

  removeHost(name: HostName): void {
    this.#asking.delete(name);
  }

  policyFor(serverName: string): HandshakePolicy {
    const { host } = this.#table.findHost(normaliseHost(serverName));
    const { clientCertificates: policy } = host;
    const trust = policy === undefined || policy.verify === 'off' ? undefined : policy.trust;
    return { hostName: host.aliasOf ?? host.name, trust };
  }

  /** Throws where OpenSSL takes no such CA, which translation has checked. The handshake fails then. */
  contextFor(serverName: string): tls.SecureContext | undefined {
    const { hostName, trust } = this.policyFor(serverName);
    if (trust === undefined) return this.#tlsContexts.contextFor(serverName);
    const options = this.#tlsContexts.optionsFor(serverName);
    const key = `${hostName} ${normaliseHost(serverName)}`;
    const kept = this.#contexts.get(key);
    if (kept !== undefined && isSameTrust(kept.trust, trust) && isSamePair(kept.options, options)) return kept.context;
    const context = tls.createSecureContext({ ...options, ...trustOptions(trust) });
    this.#contexts.set(key, { trust, options, context });
    return context;
  }

  /** For clients that send no server name. */
  serverOptions(): tls.SecureContextOptions {
    const { trust } = this.policyFor('');
    const options = this.#tlsContexts.serverOptions();
    return trust === undefined ? options : { ...options, ...trustOptions(trust) };
  }

  /** Settings have changed. */
  forget(): void {
    this.#contexts.clear();
  }
}

function trustOptions({ caPem, crlPem }: ClientTrust): tls.SecureContextOptions {
  return { ca: caPem, ...(crlPem !== '' && { crl: crlPem }) };
}

function isSamePair(a: ContextOptions, b: ContextOptions): boolean {
  return a.cert === b.cert && a.key === b.key;
}
