// What the access log may say about a connection, gathered only while the log is on.
import type { TLSSocket } from 'node:tls';
import type { ConnectionFacts } from '../../observe/exchange-record.ts';
import type { ClientOrigin } from '../exchange/forwarded-fields.ts';

export interface ConnectionCounts {
  /** Counts connections of the worker, from 1. */
  readonly serial: number;
  /** Requests on this connection so far. */
  readonly requests: number;
}

/** `socket` undefined: a plain connection. */
export function readConnectionFacts(
  origin: ClientOrigin,
  socket: TLSSocket | undefined,
  { serial, requests }: ConnectionCounts,
): ConnectionFacts {
  return {
    serial,
    requests,
    peerAddress: origin.peerAddress,
    proxyProtocolAddress: origin.isFromProxyHeader ? origin.address : '',
    tlsProtocol: socket?.getProtocol() ?? '',
    tlsCipher: socket?.getCipher().name ?? '',
    tlsServerName: serverNameOf(socket),
  };
}

/** Node says `false` where the client sent no server name, and has no type for it. */
function serverNameOf(socket: TLSSocket | undefined): string {
  const name: unknown = socket === undefined ? '' : Reflect.get(socket, 'servername');
  return typeof name === 'string' ? name : '';
}
