// What becomes of the connections that one worker accepts: PROXY header, TLS handshake, then a connection of a client.
import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { unmapAddress } from '../../kit/cidr.ts';
import type { ListenHost } from '../../model/settings.ts';
import type { SharedConnectionCount } from '../../observe/shared-connection-count.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import type { ClientOrigin } from '../exchange/forwarded-fields.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { ClientCertificateContexts } from './client-certificate-contexts.ts';
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
import { TlsServers } from './tls-servers.ts';

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
  readonly #tls: TlsServers;
  /** What the PROXY header said about a connection whose handshake is under way. */
  readonly #proxied = new WeakMap<net.Socket, ClientOrigin>();
  /** Connections that are not connections of a client yet: header or handshake under way. */
  readonly #pending = new Set<net.Socket>();

  constructor(deps: ListenersDeps) {
    this.#deps = deps;
    this.#shedder = new IdleShedder(deps.context.connections);
    const options = { pauseOnConnect: true, noDelay: true, allowHalfOpen: true };
    const { httpPort, httpsPort } = deps;
    const createServer = (isTls: boolean): net.Server =>
      net.createServer(options, (socket) => this.#guard(socket, () => this.#onAccept(socket, isTls)));
    this.#sockets = new ListeningSockets({ createServer, httpPort, httpsPort });
    this.#tls = new TlsServers({
      ...deps,
      onSecure: (socket, accepted) => this.#guard(socket, () => this.#serveTls(socket, accepted)),
    });
  }

  /** See `ListeningSockets.listenOn`. */
  async listenOn(hosts: readonly ListenHost[]): Promise<readonly ListenProblem[]> {
    return this.#sockets.listenOn(hosts);
  }

  /** Takes over changed TLS settings and certificates for the handshakes to come. */
  refreshTls(): void {
    this.#tls.refresh();
  }

  /** Whether there are connections whose handshake or PROXY header is not complete. */
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Accepts nothing more. */
  close(): void {
    this.#sockets.close();
  }

  /** Ends the connections of `hasPending`. */
  endPending(): void {
    for (const socket of this.#pending) socket.destroy();
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
    const { context } = this.#deps;
    if (!this.#tls.asksServerName) return this.#tls.handshake(socket, early);
    readBeginning(socket, {
      early,
      timeoutMs: context.settings.client.tlsHandshakeTimeoutMs,
      guard: (event) => this.#guard(socket, event),
      understand: (bytes) => {
        const answer = parseClientHello(bytes);
        return answer.kind === 'more'
          ? undefined
          : () => this.#tls.handshakeFor(answer.kind === 'hello' ? answer.serverName : '', socket, bytes);
      },
      onGone: () => context.counters.add(workerCounter.tlsHandshakeFailures, 1),
    });
  }

  #serveTls(socket: TLSSocket, accepted: net.Socket | undefined): void {
    const { context, connectionCount } = this.#deps;
    const told = accepted === undefined ? undefined : this.#proxied.get(accepted);
    const origin = { ...(told ?? originOf(socket, true, undefined)), tls: this.#tls.factsOf(socket, accepted) };
    if (accepted !== undefined) this.#pending.delete(accepted);
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

/** Where the backend's side has a fault, the exchange answers and counts instead. */
function closeAfterFault({ counters }: WorkerContext, connection: ServerConnection): void {
  counters.reject('PRT-INT-1');
  connection.close();
}
