// What becomes of the connections that one worker accepts: PROXY header, TLS handshake, then a connection of a client.
import { constants } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { unmapAddress } from '../../kit/cidr.ts';
import { errorCodes } from '../../model/error-codes.ts';
import { isSameTrust } from '../../model/policies/client-certificates.ts';
import type { ListenHost } from '../../model/settings.ts';
import { LruMap } from '../../kit/lru.ts';
import type { SharedConnectionCount } from '../../observe/shared-connection-count.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import type { ClientOrigin } from '../exchange/forwarded-fields.ts';
import { errorPage } from '../exchange/error-page.ts';
import { reasonPhrase } from '../http1/response-writer.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { TlsFacts } from '../exchange/tls-facts.ts';
import { readClientCertificate } from './client-certificate.ts';
import type { ClientCertificateContexts, HandshakePolicy } from './client-certificate-contexts.ts';
import { parseClientHello } from './client-hello.ts';
import { IdleShedder } from './idle-shedder.ts';
import { ListeningSockets, type ListenProblem } from './listening-sockets.ts';
import { parseProxyHeader, type ProxyHeader } from './proxy-header.ts';
import { readBeginning } from './read-beginning.ts';
import { guardEvent } from '../event-guard.ts';
import { GuardedReceiver } from './guarded-receiver.ts';
import { adoptConnection, readTlsSocket, SocketReader } from './socket-reader.ts';
import type { HostCiphers } from './host-ciphers.ts';
import type { TlsContexts } from './tls-contexts.ts';

/** Servers kept for cipher lists of hosts. */
const KEPT_CIPHER_LISTS = 50;

export interface ListenersDeps {
  readonly context: WorkerContext;
  readonly tlsContexts: TlsContexts;
  readonly clientCertificates: ClientCertificateContexts;
  readonly hostCiphers: HostCiphers;
  readonly connectionCount: SharedConnectionCount;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export class Listeners {
  readonly #deps: ListenersDeps;
  readonly #sockets: ListeningSockets;
  readonly #shedder: IdleShedder;
  /** Makes TLS sockets of accepted connections; it does not listen itself. */
  readonly #tls: tls.Server;
  /**
   * The same for hosts that ask for client certificates. Node asks all clients of a server or none, and browsers show a prompt to their
   * users when they are asked, so hosts without such a policy must not share a server with those that have one.
   */
  readonly #mutualTls: tls.Server;
  /** The same for hosts with a cipher list of their own, by list. Made on first use. */
  readonly #byCiphers = new LruMap<string, tls.Server>(KEPT_CIPHER_LISTS);
  /** What the handshake of a connection to `#mutualTls` began under. */
  readonly #policies = new WeakMap<net.Socket, HandshakePolicy>();
  /** What the PROXY header said about a connection whose handshake is under way. */
  readonly #proxied = new WeakMap<net.Socket, ClientOrigin>();
  /** Connections that are not connections of a client yet: header or handshake under way. */
  readonly #pending = new Set<net.Socket>();

  constructor(deps: ListenersDeps) {
    this.#deps = deps;
    this.#shedder = new IdleShedder(deps.context.connections);
    const options = { pauseOnConnect: true, noDelay: true, allowHalfOpen: true };
    const { tlsContexts, clientCertificates, httpPort, httpsPort } = deps;
    const createServer = (isTls: boolean): net.Server =>
      net.createServer(options, (socket) => this.#guard(socket, () => this.#onAccept(socket, isTls)));
    this.#sockets = new ListeningSockets({ createServer, httpPort, httpsPort });
    this.#tls = this.#createTlsServer({ ...tlsContexts.serverOptions(), SNICallback: sniCallback((name) => tlsContexts.contextFor(name)) });
    this.#mutualTls = this.#createTlsServer({
      ...clientCertificates.serverOptions(),
      SNICallback: sniCallback((name) => clientCertificates.contextFor(name)),
      requestCert: true,
      rejectUnauthorized: false,
      // A resumed session would bring its certificate along without the CA being asked again.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  }

  /** See `ListeningSockets.listenOn`. */
  async listenOn(hosts: readonly ListenHost[]): Promise<readonly ListenProblem[]> {
    return this.#sockets.listenOn(hosts);
  }

  /** Takes over changed TLS settings and certificates for the handshakes to come. */
  refreshTls(): void {
    const { tlsContexts, clientCertificates } = this.#deps;
    this.#tls.setSecureContext(tlsContexts.serverOptions());
    this.#mutualTls.setSecureContext({ ...clientCertificates.serverOptions(), secureOptions: constants.SSL_OP_NO_TICKET });
    this.#byCiphers.clear();
  }

  /** Accepts nothing more. */
  close(): void {
    this.#sockets.close();
    for (const socket of this.#pending) socket.destroy();
  }

  #createTlsServer(options: tls.TlsOptions): tls.Server {
    const { context } = this.#deps;
    const server = tls.createServer({
      ...options,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: context.settings.client.tlsHandshakeTimeoutMs,
      allowHalfOpen: true,
    });
    server.on('secureConnection', (socket) => {
      context.counters.add(workerCounter.tlsHandshakes, 1);
      this.#guard(socket, () => this.#serveTls(socket));
    });
    server.on('tlsClientError', (error, socket) => {
      context.counters.add(workerCounter.tlsHandshakeFailures, 1);
      if ('code' in error && error.code === 'ERR_SSL_HTTP_REQUEST') this.#answerPlainRequest(parentOf(socket));
      socket.destroy();
    });
    return server;
  }

  /** For events of a connection that is not one of a client yet. */
  #guard(socket: net.Socket, event: () => void): void {
    guardEvent(this.#deps.context, () => socket.destroy(), event);
  }

  #onAccept(socket: net.Socket, isTls: boolean): void {
    const { context, connectionCount } = this.#deps;
    context.counters.add(workerCounter.connectionsAccepted, 1);
    socket.on('error', ignore);
    // Reset already. What it sent can still be read, but the address is gone, and with it every decision that is made by address.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const limit = context.settings.client.connections;
    if (!connectionCount.tryAcquire(limit) && !(this.#shedder.shed(performance.now()) && connectionCount.tryAcquire(limit))) {
      context.counters.reject('PRT-ROUTE-4');
      socket.destroy();
      return;
    }
    context.counters.add(workerCounter.connectionsHandled, 1);
    if (context.settings.forwarded.useProxyProtocol) this.#readProxyHeader(socket, isTls);
    else if (isTls) this.#startTls(socket, originOf(socket, true, undefined), EMPTY);
    else this.#servePlain(socket, originOf(socket, false, undefined), EMPTY);
  }

  #servePlain(accepted: net.Socket, origin: ClientOrigin, early: Buffer): void {
    const { context, connectionCount } = this.#deps;
    const receiver = new GuardedReceiver(context, () => closeAfterFault(context, connection));
    const reader = new SocketReader(context.readMemory, receiver);
    const socket = adoptConnection(accepted, reader.onread);
    const connection = new ServerConnection(context, socket, {
      origin,
      reader,
      tlsSocket: undefined,
      guard: receiver,
      onClosed: () => connectionCount.release(),
    });
    receiver.target = connection;
    if (early.length > 0) receiver.onBytes(early, early.length, true);
    socket.resume();
  }

  #startTls(socket: net.Socket, origin: ClientOrigin, early: Buffer): void {
    this.#proxied.set(socket, origin);
    this.#pending.add(socket);
    socket.once('close', () => this.#forget(socket));
    const { clientCertificates, hostCiphers, context } = this.#deps;
    if (!clientCertificates.isNeeded && !hostCiphers.isNeeded) return handOver(socket, early, this.#tls);
    readBeginning(socket, {
      early,
      timeoutMs: context.settings.client.tlsHandshakeTimeoutMs,
      guard: (event) => this.#guard(socket, event),
      understand: (bytes) => {
        const answer = parseClientHello(bytes);
        return answer.kind === 'more'
          ? undefined
          : () => this.#startHandshake(socket, answer.kind === 'hello' ? answer.serverName : '', bytes);
      },
      onGone: () => context.counters.add(workerCounter.tlsHandshakeFailures, 1),
    });
  }

  #startHandshake(socket: net.Socket, serverName: string, bytes: Buffer): void {
    const policy = this.#deps.clientCertificates.policyFor(serverName);
    if (policy.trust === undefined) return handOver(socket, bytes, this.#plainTlsServer(this.#deps.hostCiphers.find(serverName)));
    this.#policies.set(socket, policy);
    handOver(socket, bytes, this.#mutualTls);
  }

  /** For hosts without client certificates. */
  #plainTlsServer(ciphers: string | undefined): tls.Server {
    if (ciphers === undefined) return this.#tls;
    const known = this.#byCiphers.get(ciphers);
    if (known !== undefined) return known;
    const { tlsContexts } = this.#deps;
    const SNICallback = sniCallback((name) => tlsContexts.contextFor(name));
    const server = this.#createTlsServer({ ...tlsContexts.serverOptions(), ciphers, SNICallback });
    this.#byCiphers.set(ciphers, server);
    return server;
  }

  /** The name is the one that the handshake itself has understood; the policy must be the one that it began under. */
  #factsOf(socket: tls.TLSSocket, parent: net.Socket | undefined): TlsFacts {
    const { clientCertificates } = this.#deps;
    const { servername } = socket;
    const { hostName, trust } = clientCertificates.policyFor(typeof servername === 'string' ? servername : '');
    const begun = parent === undefined ? undefined : this.#policies.get(parent)?.trust;
    if (trust === undefined || begun === undefined || !isSameTrust(trust, begun))
      return { hostName, trust: undefined, certificate: undefined };
    return { hostName, trust, certificate: readClientCertificate(socket) };
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

  #serveTls(socket: tls.TLSSocket): void {
    const { context, connectionCount } = this.#deps;
    const parent = parentOf(socket);
    const accepted = (parent === undefined ? undefined : this.#proxied.get(parent)) ?? originOf(socket, true, undefined);
    const origin = { ...accepted, tls: this.#factsOf(socket, parent) };
    if (parent !== undefined) this.#pending.delete(parent);
    const receiver = new GuardedReceiver(context, () => closeAfterFault(context, connection));
    const connection = new ServerConnection(context, socket, {
      origin,
      reader: undefined,
      tlsSocket: socket,
      guard: receiver,
      onClosed: () => connectionCount.release(),
    });
    receiver.target = connection;
    readTlsSocket(socket, receiver);
  }

  #readProxyHeader(socket: net.Socket, isTls: boolean): void {
    this.#pending.add(socket);
    readBeginning(socket, {
      early: EMPTY,
      timeoutMs: this.#deps.context.settings.client.tlsHandshakeTimeoutMs,
      guard: (event) => this.#guard(socket, event),
      understand: (bytes) => {
        const answer = parseProxyHeader(bytes);
        switch (answer.kind) {
          case 'more':
            return undefined;
          case 'bad':
            return () => {
              this.#forget(socket);
              socket.destroy();
            };
          case 'header':
            return () => {
              this.#pending.delete(socket);
              const origin = originOf(socket, isTls, answer.header);
              const early = bytes.subarray(answer.header.length);
              if (isTls) this.#startTls(socket, origin, early);
              else this.#servePlain(socket, origin, early);
            };
        }
      },
      onGone: () => this.#forget(socket),
    });
  }

  /** A connection that never became one of a client. */
  #forget(socket: net.Socket): void {
    if (this.#pending.delete(socket)) this.#deps.connectionCount.release();
  }
}

const EMPTY = Buffer.alloc(0);

function ignore(): void {
  // The connection's own listeners tell what matters; without any listener an error would end the process.
}

function originOf(socket: net.Socket, isTls: boolean, header: ProxyHeader | undefined): ClientOrigin {
  const source = header?.source;
  const peerAddress = unmapAddress(socket.remoteAddress ?? '');
  if (source !== undefined) {
    const { port, destinationPort: localPort } = source;
    return { address: unmapAddress(source.address), port, peerAddress, isTls, localPort, isFromProxyHeader: true };
  }
  return {
    address: peerAddress,
    port: socket.remotePort ?? 0,
    peerAddress,
    isTls,
    localPort: socket.localPort ?? 0,
    isFromProxyHeader: false,
  };
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

/** Where the backend's side has a fault, the exchange answers and counts instead. */
function closeAfterFault({ counters }: WorkerContext, connection: ServerConnection): void {
  counters.reject('PRT-INT-1');
  connection.close();
}
