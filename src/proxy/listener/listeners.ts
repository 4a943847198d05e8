// The listening sockets of one worker. All workers listen on the same ports (SO_REUSEPORT); the kernel spreads connections over them.
import net from 'node:net';
import tls from 'node:tls';
import { unmapAddress } from '../../kit/cidr.ts';
import type { SharedConnectionCount } from '../../observe/shared-connection-count.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import type { ClientOrigin } from '../exchange/forwarded-fields.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { WorkerContext } from '../worker-context.ts';
import { parseProxyHeader, type ProxyHeader } from './proxy-header.ts';
import { adoptConnection, type ByteReceiver, readTlsSocket, SocketReader } from './socket-reader.ts';
import type { TlsContexts } from './tls-contexts.ts';

const BACKLOG = 4096;

export interface ListenersDeps {
  readonly context: WorkerContext;
  readonly tlsContexts: TlsContexts;
  readonly connectionCount: SharedConnectionCount;
}

export interface ListenAddress {
  /** Empty: all addresses, IPv4 and IPv6. */
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export class Listeners {
  readonly #deps: ListenersDeps;
  readonly #http: net.Server;
  readonly #https: net.Server;
  /** Makes TLS sockets of accepted connections; it does not listen itself. */
  readonly #tls: tls.Server;
  /** What the PROXY header said about a connection whose handshake is under way. */
  readonly #proxied = new WeakMap<net.Socket, ClientOrigin>();
  /** Connections that are not connections of a client yet: header or handshake under way. */
  readonly #pending = new Set<net.Socket>();

  constructor(deps: ListenersDeps) {
    this.#deps = deps;
    const options = { pauseOnConnect: true, noDelay: true, allowHalfOpen: true };
    this.#http = net.createServer(options, (socket) => this.#onAccept(socket, false));
    this.#https = net.createServer(options, (socket) => this.#onAccept(socket, true));
    this.#tls = this.#createTlsServer();
  }

  /** Resolves when both ports are open; rejects with the error of the first that cannot be. */
  async listen({ host, httpPort, httpsPort }: ListenAddress): Promise<void> {
    await Promise.all([listen(this.#http, host, httpPort), listen(this.#https, host, httpsPort)]);
  }

  /** Takes over changed TLS settings and certificates for the handshakes to come. */
  refreshTls(): void {
    this.#tls.setSecureContext(this.#deps.tlsContexts.serverOptions());
  }

  /** Accepts nothing more. */
  close(): void {
    this.#http.close();
    this.#https.close();
    for (const socket of this.#pending) socket.destroy();
  }

  #createTlsServer(): tls.Server {
    const { tlsContexts, context } = this.#deps;
    const server = tls.createServer({
      ...tlsContexts.serverOptions(),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: context.settings.client.tlsHandshakeTimeoutMs,
      allowHalfOpen: true,
      SNICallback: (name, done) => {
        const found = tlsContexts.contextFor(name);
        if (found === undefined) done(new Error('no such host'));
        else done(null, found);
      },
    });
    server.on('secureConnection', (socket) => {
      context.counters.add(workerCounter.tlsHandshakes, 1);
      this.#serveTls(socket);
    });
    server.on('tlsClientError', (_error, socket) => {
      context.counters.add(workerCounter.tlsHandshakeFailures, 1);
      socket.destroy();
    });
    return server;
  }

  #onAccept(socket: net.Socket, isTls: boolean): void {
    const { context, connectionCount } = this.#deps;
    context.counters.add(workerCounter.connectionsAccepted, 1);
    socket.on('error', ignore);
    const limit = context.settings.client.connections;
    if (!connectionCount.tryAcquire(limit) && !(this.#shedIdle() && connectionCount.tryAcquire(limit))) {
      context.counters.reject('PRT-ROUTE-4');
      socket.destroy();
      return;
    }
    context.counters.add(workerCounter.connectionsHandled, 1);
    if (context.settings.forwarded.useProxyProtocol) this.#readProxyHeader(socket, isTls);
    else if (isTls) this.#startTls(socket, originOf(socket, true, undefined), EMPTY);
    else this.#servePlain(socket, originOf(socket, false, undefined), EMPTY);
  }

  /** Makes room by closing the connection that has been idle for longest, as far as this worker can tell. */
  #shedIdle(): boolean {
    for (const connection of this.#deps.context.connections) {
      if (!connection.isIdle) continue;
      connection.close();
      return true;
    }
    return false;
  }

  #servePlain(accepted: net.Socket, origin: ClientOrigin, early: Buffer): void {
    const { context, connectionCount } = this.#deps;
    const receiver = new LateReceiver();
    const reader = new SocketReader(context.readMemory, receiver);
    const socket = adoptConnection(accepted, reader.onread);
    const connection = new ServerConnection(context, socket, {
      origin,
      reader,
      tlsSocket: undefined,
      onClosed: () => connectionCount.release(),
    });
    receiver.target = connection;
    if (early.length > 0) connection.onBytes(early, early.length, true);
    socket.resume();
  }

  #startTls(socket: net.Socket, origin: ClientOrigin, early: Buffer): void {
    this.#proxied.set(socket, origin);
    this.#pending.add(socket);
    // The TLS layer takes bytes that were read too early from the socket's own buffer.
    if (early.length > 0) socket.unshift(early);
    socket.once('close', () => {
      if (this.#pending.delete(socket)) this.#deps.connectionCount.release();
    });
    this.#tls.emit('connection', socket);
  }

  #serveTls(socket: tls.TLSSocket): void {
    const { context, connectionCount } = this.#deps;
    const parent = parentOf(socket);
    const origin = (parent === undefined ? undefined : this.#proxied.get(parent)) ?? originOf(socket, true, undefined);
    if (parent !== undefined) this.#pending.delete(parent);
    const connection = new ServerConnection(context, socket, {
      origin,
      reader: undefined,
      tlsSocket: socket,
      onClosed: () => connectionCount.release(),
    });
    readTlsSocket(socket, connection);
  }

  #readProxyHeader(socket: net.Socket, isTls: boolean): void {
    let bytes: Buffer = EMPTY;
    this.#pending.add(socket);
    const giveUp = (): void => {
      if (!this.#pending.delete(socket)) return;
      this.#deps.connectionCount.release();
      socket.destroy();
    };
    socket.setTimeout(this.#deps.context.settings.client.tlsHandshakeTimeoutMs, giveUp);
    socket.once('close', giveUp);
    const onData = (data: Buffer): void => {
      bytes = Buffer.concat([bytes, data]);
      const answer = parseProxyHeader(bytes);
      if (answer.kind === 'more') return;
      if (answer.kind === 'bad') return giveUp();
      socket.pause();
      socket.setTimeout(0);
      socket.off('data', onData);
      socket.off('close', giveUp);
      this.#pending.delete(socket);
      const origin = originOf(socket, isTls, answer.header);
      const early = bytes.subarray(answer.header.length);
      if (isTls) this.#startTls(socket, origin, early);
      else this.#servePlain(socket, origin, early);
    };
    socket.on('data', onData);
    socket.resume();
  }
}

/** Stands in for the connection that is made with the socket that reads into it. */
class LateReceiver implements ByteReceiver {
  target: ByteReceiver | undefined;

  onBytes(buffer: Buffer, length: number, isStable: boolean): void {
    this.target?.onBytes(buffer, length, isStable);
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

/** The accepted socket under a TLS socket: Node keeps it but does not say so in its types. */
function parentOf(socket: tls.TLSSocket): net.Socket | undefined {
  const { _parent: parent } = socket as unknown as { _parent?: net.Socket };
  return parent;
}

async function listen(server: net.Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, ...(host === '' ? {} : { host }), backlog: BACKLOG, reusePort: true }, resolve);
  await promise;
  server.off('error', reject);
  server.on('error', ignore);
}
