// A FastCGI responder (FastCGI specification 1.0): enough to tell what a web server passes on, one request at a time on a connection.
import type { Socket } from 'node:net';
import { ByteReader } from '../../../src/echo/byte-reader.ts';
import { createBodyDigest, echoAnswer, groupFields } from '../../../src/echo/echo-answer.ts';
import type { EchoAnswer, EchoIdentity } from '../../../src/echo/echo-answer.ts';
import { type SocketServer, startSocketServer } from './socket-server.ts';

export interface FastCgiServerOptions {
  readonly identity: EchoIdentity;
  readonly host: string;
  readonly onRequest: (answer: EchoAnswer) => void;
}

interface FastCgiRecord {
  readonly type: number;
  readonly requestId: number;
  readonly content: Buffer;
}

const BEGIN_REQUEST = 1;
const END_REQUEST = 3;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;
const RECORD_BYTES = 32_768;

export function startFastCgiServer(options: FastCgiServerOptions): Promise<SocketServer> {
  return startSocketServer(options.host, (socket) => serveConnection(socket, options));
}

async function serveConnection(socket: Socket, options: FastCgiServerOptions): Promise<void> {
  const reader = new ByteReader(socket);
  let keepsOpen = false;
  let paramBytes: Buffer[] = [];
  let digest = createBodyDigest();
  for (;;) {
    const record = await readRecord(reader);
    if (record === undefined) break;
    if (record.type === BEGIN_REQUEST) {
      keepsOpen = ((record.content[2] ?? 0) & 1) === 1;
      paramBytes = [];
      digest = createBodyDigest();
    } else if (record.type === PARAMS) paramBytes.push(record.content);
    else if (record.type === STDIN && record.content.length > 0) digest.add(record.content);
    else if (record.type === STDIN) {
      const params = parseParams(Buffer.concat(paramBytes));
      const answer = echoAnswer(options.identity, describeRequest(params, digest.finish()));
      options.onRequest(answer);
      const output = `Status: 200 OK\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ ...answer, params })}`;
      socket.write(encodeAnswer(record.requestId, Buffer.from(output)));
      if (!keepsOpen) break;
    }
  }
  socket.end();
}

function describeRequest(params: Readonly<Record<string, string>>, body: EchoAnswer['body']): Omit<EchoAnswer, keyof EchoIdentity> {
  const fields = Object.entries(params).flatMap(([name, value]) =>
    name.startsWith('HTTP_') ? [[name.slice(5).replaceAll('_', '-'), value] as const] : [],
  );
  return {
    method: params['REQUEST_METHOD'] ?? '',
    path: params['REQUEST_URI'] ?? '',
    host: params['HTTP_HOST'] ?? '',
    proto: params['SERVER_PROTOCOL'] === 'HTTP/1.0' ? 'HTTP/1.0' : params['SERVER_PROTOCOL'] === 'HTTP/2.0' ? 'HTTP/2.0' : 'HTTP/1.1',
    headers: groupFields(fields),
    body,
    tls: null,
  };
}

async function readRecord(reader: ByteReader): Promise<FastCgiRecord | undefined> {
  const head = await reader.readExactly(8);
  if (head === undefined) return undefined;
  const content = await reader.readExactly(head.readUInt16BE(4));
  const padding = await reader.readExactly(head.readUInt8(6));
  if (content === undefined || padding === undefined) return undefined;
  return { type: head.readUInt8(1), requestId: head.readUInt16BE(2), content };
}

function parseParams(bytes: Buffer): Record<string, string> {
  const params = new Map<string, string>();
  let at = 0;
  const readLength = (): number => {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      at += 1;
      return first;
    }
    const length = bytes.readUInt32BE(at) & 0x7fffffff;
    at += 4;
    return length;
  };
  while (at < bytes.length) {
    const nameLength = readLength();
    const valueLength = readLength();
    const name = bytes.toString('utf8', at, at + nameLength);
    params.set(name, bytes.toString('utf8', at + nameLength, at + nameLength + valueLength));
    at += nameLength + valueLength;
  }
  return Object.fromEntries(params);
}

function encodeAnswer(requestId: number, output: Buffer): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < output.length; at += RECORD_BYTES)
    records.push(encodeRecord(STDOUT, requestId, output.subarray(at, at + RECORD_BYTES)));
  records.push(encodeRecord(STDOUT, requestId, Buffer.alloc(0)), encodeRecord(END_REQUEST, requestId, Buffer.alloc(8)));
  return Buffer.concat(records);
}

function encodeRecord(type: number, requestId: number, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(1, 0);
  head.writeUInt8(type, 1);
  head.writeUInt16BE(requestId, 2);
  head.writeUInt16BE(content.length, 4);
  return Buffer.concat([head, content]);
}
