// Which TLS server makes the handshake of a connection. Node decides for a whole server whether clients are asked for certificates and which
// ciphers there are, so there are several; none of them listens, they are given accepted connections. What a handshake has found out about
// its client counts only for the policy that it began under.
import { constants } from 'node:crypto';
import type net from 'node:net';
import tls from 'node:tls';
import { LruMap } from '../../kit/lru.ts';
import { errorCodes } from '../../model/error-codes.ts';
import { isSameTrust } from '../../model/policies/client-certificates.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import { errorPage } from '../exchange/error-page.ts';
import type { TlsFacts } from '../exchange/tls-facts.ts';
import { reasonPhrase } from '../http1/response-writer.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { ClientCertificateContexts, HandshakePolicy } from './client-certificate-contexts.ts';
import { readClientCertificate } from './client-certificate.ts';
import type { HostCiphers } from './host-ciphers.ts';
import type { TlsContexts } from './tls-contexts.ts';

/** Servers kept for cipher lists of hosts. */
const KEPT_CIPHER_LISTS = 50;

export interface TlsServersDeps {
  readonly context: WorkerContext;
  readonly tlsContexts: TlsContexts;
  readonly clientCertificates: ClientCertificateContexts;
  readonly hostCiphers: HostCiphers;
  /** A handshake is done. `accepted`: the connection that was handed over. */
  readonly onSecure: (socket: tls.TLSSocket, accepted: net.Socket | undefined) => void;
}

export class TlsServers {
  readonly #deps: TlsServersDeps;
  readonly #plain: tls.Server;
  /** For hosts that ask for client certificates: browsers show a prompt to their users when they are asked, so other hosts must not share it. */
  readonly #mutual: tls.Server;
  /** For hosts with a cipher list of their own, by list. Made on first use. */
  readonly #byCiphers = new LruMap<string, tls.Server>(KEPT_CIPHER_LISTS);
  /** What the handshake of a connection to `#mutual` began under. */
  readonly #policies = new WeakMap<net.Socket, HandshakePolicy>();

  constructor(deps: TlsServersDeps) {
    this.#deps = deps;
    const { tlsContexts, clientCertificates } = deps;
    this.#plain = this.#create({ ...tlsContexts.serverOptions(), SNICallback: sniCallback((name) => tlsContexts.contextFor(name)) });
    this.#mutual = this.#create({
      ...clientCertificates.serverOptions(),
      SNICallback: sniCallback((name) => clientCertificates.contextFor(name)),
      requestCert: true,
      rejectUnauthorized: false,
      // A resumed session would bring its certificate along without the CA being asked again.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  }

  /** True: which server it is depends on the server name, so that must be known before the handshake. */
  get asksServerName(): boolean {
    return this.#deps.clientCertificates.isNeeded || this.#deps.hostCiphers.isNeeded;
  }

  /** Takes over changed settings and certificates for the handshakes to come. */
  refresh(): void {
    const { tlsContexts, clientCertificates } = this.#deps;
    this.#plain.setSecureContext(tlsContexts.serverOptions());
    this.#mutual.setSecureContext({ ...clientCertificates.serverOptions(), secureOptions: constants.SSL_OP_NO_TICKET });
    this.#byCiphers.clear();
  }

  /** Begins the handshake of a connection; `early`: what was read of it before. Only where no server asks for the server name. */
  handshake(socket: net.Socket, early: Buffer): void {
    handOver(socket, early, this.#plain);
  }

  /** The same for a server name; empty: the client sends none. */
  handshakeFor(serverName: string, socket: net.Socket, early: Buffer): void {
    const policy = this.#deps.clientCertificates.policyFor(serverName);
    if (policy.trust === undefined) return handOver(socket, early, this.#serverFor(this.#deps.hostCiphers.find(serverName)));
    this.#policies.set(socket, policy);
    handOver(socket, early, this.#mutual);
  }

  /** What a handshake that is done has found out. The name is the one that the handshake itself has understood. */
  factsOf(socket: tls.TLSSocket, accepted: net.Socket | undefined): TlsFacts {
    const { servername } = socket;
    const { hostName, trust } = this.#deps.clientCertificates.policyFor(typeof servername === 'string' ? servername : '');
    const begun = accepted === undefined ? undefined : this.#policies.get(accepted)?.trust;
    if (trust === undefined || begun === undefined || !isSameTrust(trust, begun))
      return { hostName, trust: undefined, certificate: undefined };
    return { hostName, trust, certificate: readClientCertificate(socket) };
  }

  /** For hosts without client certificates. */
  #serverFor(ciphers: string | undefined): tls.Server {
    if (ciphers === undefined) return this.#plain;
    const known = this.#byCiphers.get(ciphers);
    if (known !== undefined) return known;
    const { tlsContexts } = this.#deps;
    const SNICallback = sniCallback((name) => tlsContexts.contextFor(name));
    const server = this.#create({ ...tlsContexts.serverOptions(), ciphers, SNICallback });
    this.#byCiphers.set(ciphers, server);
    return server;
  }

  #create(options: tls.TlsOptions): tls.Server {
    const { context, onSecure } = this.#deps;
    const server = tls.createServer({
      ...options,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: context.settings.client.tlsHandshakeTimeoutMs,
      allowHalfOpen: true,
    });
    server.on('secureConnection', (socket) => {
      context.counters.add(workerCounter.tlsHandshakes, 1);
      onSecure(socket, parentOf(socket));
    });
    server.on('tlsClientError', (error, socket) => {
      context.counters.add(workerCounter.tlsHandshakeFailures, 1);
      if ('code' in error && error.code === 'ERR_SSL_HTTP_REQUEST') this.#answerPlainRequest(parentOf(socket));
      socket.destroy();
    });
    return server;
  }

  /** A plain HTTP request on the TLS port: told so in plain HTTP, as nginx does. No handshake has begun, so the socket below still speaks TCP. */
  #answerPlainRequest(socket: net.Socket | undefined): void {
    const { counters, settings } = this.#deps.context;
    counters.reject('PRT-REQ-19');
    const { status } = errorCodes['PRT-REQ-19'];
    const page = errorPage(status);
    const code = settings.errorHeader ? 'X-Portico-Error: PRT-REQ-19\r\n' : '';
    const head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nContent-Type: text/html\r\n${code}`;
    socket?.write(`${head}Content-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`, 'latin1');
  }
}

/** The TLS layer takes bytes that were read too early from the socket's own buffer. */
function handOver(socket: net.Socket, early: Buffer, server: tls.Server): void {
  if (early.length > 0) socket.unshift(early);
  server.emit('connection', socket);
}

type ServerNameCallback = NonNullable<tls.TlsOptions['SNICallback']>;

/** Must not throw: that would end the worker. */
function sniCallback(find: (serverName: string) => tls.SecureContext | undefined): ServerNameCallback {
  return (name, done) => {
    let found: tls.SecureContext | undefined;
    try {
      found = find(name);
    } catch {
      found = undefined;
    }
    if (found === undefined) done(new Error('no such host'));
    else done(null, found);
  };
}

/** The accepted socket under a TLS socket: Node keeps it but does not say so in its types. */
function parentOf(socket: tls.TLSSocket): net.Socket | undefined {
  const { _parent: parent } = socket as unknown as { _parent?: net.Socket };
  return parent;
}
