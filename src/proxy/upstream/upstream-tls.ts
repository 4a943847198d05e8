// TLS connections to the endpoints of one upstream. The context is made on first use and kept; sessions are never resumed, so that no
// connection can inherit what another one has verified.
import net from 'node:net';
import tls from 'node:tls';
import type { UpstreamSecret, UpstreamTls } from '../../model/upstream-tls.ts';
import type { SocketReader } from '../listener/socket-reader.ts';

/** Node takes a list without any of these as a wish for TLS 1.2 only. */
const TLS13_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
/** Against chains that lead round in a circle; OpenSSL bounds what a peer sends. */
const MAX_CHAIN = 200;

export interface DialAddress {
  readonly host: string;
  readonly port: number;
}

type SocketOptions = Pick<net.SocketConstructorOpts, 'onread' | 'allowHalfOpen'>;

export class UpstreamTlsDialler {
  readonly row: UpstreamTls;
  readonly secret: UpstreamSecret | undefined;
  #options: tls.ConnectionOptions | undefined;

  /** `secret`: the row that `row.secret` names, or undefined where it is not there: then nothing can be dialled. */
  constructor(row: UpstreamTls, secret: UpstreamSecret | undefined) {
    this.row = row;
    this.secret = secret;
  }

  /** Begins to connect. 'secureConnect' comes once the handshake is done and what is to be verified holds, else 'error' and 'close'. */
  connect(address: DialAddress, onread: SocketReader['onread']): net.Socket {
    try {
      this.#options ??= this.#createOptions();
      // Node takes these two for TLS as well; its types do not know.
      const options: tls.ConnectionOptions & SocketOptions = { ...this.#options, ...address, onread, allowHalfOpen: true };
      const socket = tls.connect(options);
      socket.setNoDelay(true);
      return socket;
    } catch (error) {
      // A key or a cipher list that OpenSSL does not take: for the caller an endpoint that cannot be reached.
      return new net.Socket().destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #createOptions(): tls.ConnectionOptions {
    const { row, secret } = this;
    if (row.secret !== undefined && secret === undefined) throw new Error('the Secret is not there');
    const isTls13 = row.maxVersion === 'TLSv1.3';
    const secureContext = tls.createSecureContext({
      minVersion: row.minVersion,
      maxVersion: row.maxVersion,
      ciphers: isTls13 ? `${TLS13_SUITES}:${row.ciphers}` : row.ciphers,
      // An empty list trusts nobody, where no list would trust Node's own.
      ca: secret === undefined || secret.trustPem === '' ? [] : secret.trustPem,
      ...(secret !== undefined && secret.chainPem !== '' && { cert: secret.chainPem, key: secret.privateKeyPem }),
    });
    return {
      secureContext,
      rejectUnauthorized: row.verifies,
      servername: row.sendsServerName && net.isIP(row.name) === 0 ? row.name : '',
      checkServerIdentity: (_host, certificate) => verifyIdentity(row, certificate),
    };
  }
}

/** Asked by Node once the chain is trusted. Only subjectAltName counts (RFC 6125 section 6.4.4). */
function verifyIdentity(row: UpstreamTls, certificate: tls.PeerCertificate | tls.DetailedPeerCertificate): Error | undefined {
  if (countIntermediates(certificate) > row.verifyDepth) return new Error('the chain is longer than proxy-ssl-verify-depth');
  if (certificate.subjectaltname === undefined) return new Error('the certificate has no subjectAltName');
  return tls.checkServerIdentity(row.name, certificate);
}

function countIntermediates(leaf: tls.PeerCertificate | tls.DetailedPeerCertificate): number {
  let above = 0;
  let current = leaf;
  while ('issuerCertificate' in current && above < MAX_CHAIN) {
    const issuer: tls.DetailedPeerCertificate | undefined = current.issuerCertificate;
    // The trust anchor is its own issuer.
    if (issuer === undefined || issuer === current || issuer.fingerprint256 === current.fingerprint256) break;
    above++;
    current = issuer;
  }
  return Math.max(0, above - 1);
}
