// Opens the connection that a request is sent on: TCP, a PROXY protocol header if asked for, TLS with the options of the case.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions, SecureVersion, TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import type { RequestSpec } from '../case-format.ts';
import type { ObservedTls } from '../observation.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly proxyProtocol: RequestSpec['proxyProtocol'];
  /** Undefined: no TLS. */
  readonly tls: TlsOptions | undefined;
}

export interface TlsOptions {
  /** Empty: none is sent. */
  readonly serverName: string;
  readonly protocols: readonly string[];
  readonly minVersion: string | undefined;
  readonly maxVersion: string | undefined;
  readonly clientCertificate: { readonly certificatePem: string; readonly privateKeyPem: string } | undefined;
}

export type ConnectResult =
  | { readonly kind: 'open'; readonly socket: Socket; readonly tls: ObservedTls | undefined; readonly protocol: string | undefined }
  | { readonly kind: 'failed'; readonly failure: 'connection' | 'tls'; readonly message: string };

/** Connects, or tells at which layer it failed. Stops waiting when the signal is aborted. */
export async function openConnection(options: ConnectOptions, signal: AbortSignal): Promise<ConnectResult> {
  const socket = connect({ host: options.host, port: options.port, noDelay: true });
  signal.addEventListener('abort', () => socket.destroy(new Error('timed out')), { once: true });
  const opened = await settled(socket, 'connect');
  if (opened !== undefined) return { kind: 'failed', failure: 'connection', message: opened };
  if (options.proxyProtocol !== undefined) socket.write(proxyHeader(options.proxyProtocol));
  if (options.tls === undefined) return { kind: 'open', socket, tls: undefined, protocol: undefined };
  const secure = connectTls(tlsConnectOptions(socket, options.tls));
  const secured = await settled(secure, 'secureConnect');
  if (secured !== undefined) {
    socket.destroy();
    return { kind: 'failed', failure: 'tls', message: secured };
  }
  secure.setNoDelay(true);
  return {
    kind: 'open',
    socket: secure,
    tls: observeTls(secure),
    protocol: secure.alpnProtocol === false ? undefined : (secure.alpnProtocol ?? undefined),
  };
}

/** Undefined once the event came, or why it never will. The socket keeps a listener for later errors. */
async function settled(socket: Socket, event: 'connect' | 'secureConnect'): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once(event, () => resolve(undefined));
    socket.on('error', (error: Error) => resolve(error.message));
    socket.once('close', () => resolve('closed by the peer'));
  });
}

function tlsConnectOptions(socket: Socket, tls: TlsOptions): ConnectionOptions {
  const wantsOld = [tls.minVersion, tls.maxVersion].some((version) => version === 'TLSv1' || version === 'TLSv1.1');
  return {
    socket,
    // The cases look at the certificate themselves.
    rejectUnauthorized: false,
    servername: tls.serverName,
    ALPNProtocols: [...tls.protocols],
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion as SecureVersion }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion as SecureVersion }),
    // Without it OpenSSL itself refuses to offer the old versions, and the server would not be tested.
    ...(wantsOld ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
    ...(tls.clientCertificate === undefined
      ? {}
      : { cert: tls.clientCertificate.certificatePem, key: tls.clientCertificate.privateKeyPem }),
  };
}

function observeTls(socket: TLSSocket): ObservedTls {
  const certificate = socket.getPeerX509Certificate();
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    certificate: {
      cn: commonName(certificate?.subject),
      san: alternativeNames(certificate),
      issuerCN: commonName(certificate?.issuer),
    },
  };
}

function commonName(distinguishedName: string | undefined): string {
  return /^CN=(.*)$/m.exec(distinguishedName ?? '')?.[1] ?? '';
}

function alternativeNames(certificate: X509Certificate | undefined): string[] {
  const text = certificate?.subjectAltName;
  return text === undefined ? [] : text.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
}

/** A PROXY protocol version 1 header. */
export function proxyHeader(header: NonNullable<RequestSpec['proxyProtocol']>): string {
  const family = header.src.includes(':') ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${header.src} ${header.dst} ${header.srcPort} ${header.dstPort}\r\n`;
}
