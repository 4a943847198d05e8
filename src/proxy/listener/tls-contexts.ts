// Which certificate a handshake gets: that of the exact host, else of its wildcard, else the default one (ingress-nginx reference 6.4).
// Secure contexts are made on first use and kept in bounded number: ten thousand of them at once would cost a gigabyte.
import { constants } from 'node:crypto';
import tls from 'node:tls';
import { LruMap } from '../../kit/lru.ts';
import type { Certificate, CertificateKey } from '../../model/certificate.ts';
import { CATCH_ALL_HOST, type HostName, type HostTls } from '../../model/route.ts';
import type { TlsSettings } from '../../model/settings.ts';
import { ticketKeys } from './ticket-keys.ts';
import { normaliseHost } from '../../routing/normalise-host.ts';

/** Contexts kept, at about 50 KB each. */
const KEPT_CONTEXTS = 1000;

export interface KeyPair {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

export interface ContextOptions extends tls.SecureContextOptions {
  readonly cert: string;
  readonly key: string;
}

export interface ServerContextOptions extends tls.SecureContextOptions {
  readonly ticketKeys: Buffer;
  readonly secureOptions: number;
}

export class TlsContexts {
  readonly #fallback: KeyPair;
  readonly #certificates = new Map<CertificateKey, Certificate>();
  readonly #hosts = new Map<string, HostTls>();
  readonly #contexts = new LruMap<string, tls.SecureContext>(KEPT_CONTEXTS);
  #defaultCertificate: CertificateKey | undefined;
  readonly #ownTicketKeys: Uint8Array;
  #settings: TlsSettings;

  /**
   * `fallback`: the self-signed certificate that is shown when there is no other. `ownTicketKeys`: 48 random bytes, the same for all workers.
   */
  constructor(fallback: KeyPair, settings: TlsSettings, ownTicketKeys: Uint8Array) {
    this.#fallback = fallback;
    this.#settings = settings;
    this.#ownTicketKeys = ownTicketKeys;
  }

  setSettings(settings: TlsSettings): void {
    this.#settings = settings;
    this.#contexts.clear();
  }

  setCertificate(certificate: Certificate): void {
    this.#certificates.set(certificate.key, certificate);
    this.#forget(certificate.key);
  }

  removeCertificate(key: CertificateKey): void {
    this.#certificates.delete(key);
    this.#forget(key);
  }

  /** The certificate of the catch-all host is the default certificate. */
  setHost(name: HostName, hostTls: HostTls): void {
    this.#hosts.set(name, hostTls);
    if (name !== CATCH_ALL_HOST) return;
    this.#defaultCertificate = hostTls.kind === 'certificate' ? hostTls.certificate : undefined;
    this.#contexts.delete('');
  }

  removeHost(name: HostName): void {
    this.#hosts.delete(name);
  }

  /**
   * Options of `tls.createServer` and `setSecureContext`: protocol, ciphers, the default certificate, and tickets, for which OpenSSL asks the
   * context that the connection began with, whatever name it has. Without a certificate where unknown hosts are refused: a handshake
   * without a server name never gets another context, and fails.
   */
  serverOptions(): ServerContextOptions {
    const pair = this.#find(this.#defaultCertificate) ?? this.#fallback;
    const { rejectUnknownHosts, resumesSessions, ticketKey } = this.#settings;
    return {
      ...this.#commonOptions(),
      ...(!rejectUnknownHosts && { cert: pair.chainPem, key: pair.privateKeyPem }),
      ticketKeys: ticketKeys(ticketKey, this.#ownTicketKeys),
      secureOptions: resumesSessions ? 0 : constants.SSL_OP_NO_TICKET,
    };
  }

  /** The context for a server name of a handshake. Undefined: the handshake is to be refused. */
  contextFor(serverName: string): tls.SecureContext | undefined {
    const hostTls = this.#hostTlsFor(serverName);
    if (hostTls === undefined && this.#settings.rejectUnknownHosts) return undefined;
    return this.#context(hostTls?.kind === 'certificate' ? hostTls.certificate : undefined);
  }

  /** What such a context is made of, for those that need one of their own. */
  optionsFor(serverName: string): ContextOptions {
    const hostTls = this.#hostTlsFor(serverName);
    const own = hostTls?.kind === 'certificate' ? this.#find(hostTls.certificate) : undefined;
    const pair = own ?? this.#find(this.#defaultCertificate) ?? this.#fallback;
    return { ...this.#commonOptions(), cert: pair.chainPem, key: pair.privateKeyPem };
  }

  #hostTlsFor(serverName: string): HostTls | undefined {
    const name = normaliseHost(serverName);
    const exact = this.#hosts.get(name);
    return exact === undefined || exact.kind === 'none' ? this.#wildcardFor(name, exact) : exact;
  }

  #wildcardFor(name: string, exact: HostTls | undefined): HostTls | undefined {
    const dot = name.indexOf('.');
    const wildcard = dot <= 0 ? undefined : this.#hosts.get(`*${name.slice(dot)}`);
    return wildcard === undefined || wildcard.kind === 'none' ? (exact ?? wildcard) : wildcard;
  }

  #context(key: CertificateKey | undefined): tls.SecureContext {
    const certificate = this.#find(key) ?? this.#find(this.#defaultCertificate);
    const cacheKey = certificate?.key ?? '';
    const known = this.#contexts.get(cacheKey);
    if (known !== undefined) return known;
    const pair = certificate ?? this.#fallback;
    const context = tls.createSecureContext({ ...this.#commonOptions(), cert: pair.chainPem, key: pair.privateKeyPem });
    this.#contexts.set(cacheKey, context);
    return context;
  }

  #commonOptions(): tls.SecureContextOptions {
    const { minVersion, maxVersion, ciphers, ecdhCurve, sessionTimeoutSeconds } = this.#settings;
    return { minVersion, maxVersion, ciphers, ecdhCurve, honorCipherOrder: true, sessionTimeout: sessionTimeoutSeconds };
  }

  #find(key: CertificateKey | undefined): Certificate | undefined {
    return key === undefined ? undefined : this.#certificates.get(key);
  }

  #forget(key: CertificateKey): void {
    this.#contexts.delete(key);
    if (key === this.#defaultCertificate) this.#contexts.delete('');
  }
}
