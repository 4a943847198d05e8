// TCP and UDP backends: one JSON line for every line or datagram.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { ByteReader } from '../../../src/echo/byte-reader.ts';
import type { EchoIdentity } from '../../../src/echo/echo-answer.ts';
import { type SocketServer, startSocketServer } from './socket-server.ts';

export interface LineServerOptions {
  readonly identity: EchoIdentity;
  readonly host: string;
  readonly expectsProxyProtocol: boolean;
}

interface ProxyAddresses {
  readonly src: string;
  readonly srcPort: number;
  readonly dst: string;
  readonly dstPort: number;
}

const LINE_BYTES = 1024 * 1024;
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

export function startTcpServer(options: LineServerOptions): Promise<SocketServer> {
  return startSocketServer(options.host, (socket) => serveLines(socket, options));
}

async function serveLines(socket: Socket, options: LineServerOptions): Promise<void> {
  const reader = new ByteReader(socket);
  let proxyProtocol: ProxyAddresses | null = null;
  if (options.expectsProxyProtocol) {
    const header = await readProxyHeader(reader);
    if (header === undefined) {
      socket.destroy();
      return;
    }
    proxyProtocol = header;
  }
  for (;;) {
    const line = await reader.readLine(LINE_BYTES);
    if (line === undefined) break;
    socket.write(`${describeData(options.identity, line, proxyProtocol)}\n`);
  }
  socket.end();
}

function describeData(identity: EchoIdentity, data: Buffer, proxyProtocol: ProxyAddresses | null): string {
  return JSON.stringify({ backend: identity.backend, endpoint: identity.endpoint, data: data.toString('utf8'), proxyProtocol });
}

/** A PROXY protocol header of version 1 or 2; undefined if the stream starts with something else. */
async function readProxyHeader(reader: ByteReader): Promise<ProxyAddresses | undefined> {
  const start = await reader.readExactly(SIGNATURE.length);
  if (start === undefined) return undefined;
  if (start.equals(SIGNATURE)) return readVersion2(reader);
  if (start.toString('latin1', 0, 6) !== 'PROXY ') return undefined;
  const line = start.toString('latin1') + ((await reader.readLine(128))?.toString('latin1') ?? '');
  const [, , src = '', dst = '', srcPort = '', dstPort = ''] = line.split(' ');
  return { src, srcPort: Number(srcPort), dst, dstPort: Number(dstPort) };
}

async function readVersion2(reader: ByteReader): Promise<ProxyAddresses | undefined> {
  const head = await reader.readExactly(4);
  const rest = head === undefined ? undefined : await reader.readExactly(head.readUInt16BE(2));
  // Only TCP over IPv4 (0x11); the backends listen on nothing else.
  if (head === undefined || rest === undefined || head[1] !== 0x11 || rest.length < 12) return undefined;
  const address = (at: number): string => [...rest.subarray(at, at + 4)].join('.');
  return { src: address(0), dst: address(4), srcPort: rest.readUInt16BE(8), dstPort: rest.readUInt16BE(10) };
}

export async function startUdpServer(options: LineServerOptions): Promise<SocketServer> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const data = message.at(-1) === 0x0a ? message.subarray(0, -1) : message;
    socket.send(describeData(options.identity, data, null), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, options.host, resolve);
  });
  return {
    port: socket.address().port,
    close: async () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
