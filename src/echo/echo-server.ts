// The echo backend: an HTTP/1.1 server, with TLS if it is given a certificate, that tells what it was sent. Used by the demo and by tests.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { EchoAnswer, EchoIdentity, EchoTls } from './echo-answer.ts';
import { serveHttp1Connection } from './http1-connection.ts';

export interface EchoServerOptions {
  readonly identity: EchoIdentity;
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly tls?: EchoServerTls;
  /** Called for each request before it is answered. */
  readonly onRequest?: (answer: EchoAnswer) => void;
}

export interface EchoServerTls {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM of the authority that client certificates must come from; without it none is asked for. */
  readonly clientAuthority?: string;
}

export interface EchoServer {
  readonly host: string;
  readonly port: number;
  /** Stops listening and ends every connection. */
  close: () => Promise<void>;
}

/** Starts to listen. Rejects with the system's error (EADDRINUSE, EACCES) if it cannot. */
export async function startEchoServer(options: EchoServerOptions): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket, tls: EchoTls | null): void => {
    socket.setNoDelay(true);
    // Errors end the reader; without a listener they would end the process.
    socket.on('error', () => undefined);
    void serveHttp1Connection(socket, { identity: options.identity, tls, onRequest: options.onRequest ?? ignoreRequest });
  };
  const server = createListener(options, onConnection);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, options.host, options.port);
  return {
    host: options.host,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What the handshake of a connection tells about the client. */
export function describeTls(socket: TLSSocket): EchoTls {
  const subject = socket.getPeerX509Certificate()?.subject;
  return {
    sni: typeof socket.servername === 'string' && socket.servername !== '' ? socket.servername : null,
    version: socket.getProtocol() ?? '',
    clientCN: subject === undefined ? null : (/^CN=(.*)$/m.exec(subject)?.[1] ?? null),
  };
}

/** Port that the server listens on, once it does. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return address === null || typeof address === 'string' ? port : address.port;
}

function createListener(options: EchoServerOptions, onConnection: (socket: Socket, tls: EchoTls | null) => void): Server {
  const { tls } = options;
  if (tls === undefined) return createServer((socket) => onConnection(socket, null));
  const server = createTlsServer(
    {
      cert: tls.certificate,
      key: tls.privateKey,
      ALPNProtocols: ['http/1.1'],
      ...(tls.clientAuthority === undefined ? {} : { ca: tls.clientAuthority, requestCert: true, rejectUnauthorized: true }),
    },
    (socket) => onConnection(socket, describeTls(socket)),
  );
  server.on('tlsClientError', () => undefined);
  return server;
}

function ignoreRequest(): void {
  // Nobody wants to know.
}
