// One endpoint of a backend: a server of the protocol that the case asks for, on an address of its own.
import type { EchoAnswer, EchoIdentity } from '../../../src/echo/echo-answer.ts';
import { startEchoServer } from '../../../src/echo/echo-server.ts';
import type { EchoServerTls } from '../../../src/echo/echo-server.ts';
import type { BackendSpec } from '../case-format.ts';
import { startFastCgiServer } from './fastcgi-server.ts';
import { startHttp2Server } from './http2-server.ts';
import { startTcpServer, startUdpServer } from './line-servers.ts';

export interface EndpointOptions {
  readonly identity: EchoIdentity;
  readonly host: string;
  readonly protocol: BackendSpec['protocol'];
  /** For `https` and `grpcs`. */
  readonly tls: EchoServerTls | undefined;
  readonly expectsProxyProtocol: boolean;
  readonly onRequest: (answer: EchoAnswer) => void;
}

export interface RunningEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

export async function startEndpoint(options: EndpointOptions): Promise<RunningEndpoint> {
  const server = await startServer(options);
  return { name: options.identity.endpoint, host: options.host, port: server.port, close: server.close };
}

async function startServer(options: EndpointOptions): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { tls, protocol } = options;
  switch (protocol) {
    case 'http':
      return startEchoServer({ identity: options.identity, host: options.host, port: 0, onRequest: options.onRequest });
    case 'https':
      if (tls === undefined) throw new Error('an https backend needs a certificate');
      return startEchoServer({ identity: options.identity, host: options.host, port: 0, onRequest: options.onRequest, tls });
    case 'h2c':
    case 'grpc':
      return startHttp2Server({ ...options, isGrpc: protocol === 'grpc', tls: undefined });
    case 'grpcs':
      return startHttp2Server({ ...options, isGrpc: true });
    case 'tcp':
      return startTcpServer(options);
    case 'udp':
      return startUdpServer(options);
    case 'fastcgi':
      return startFastCgiServer(options);
  }
}
