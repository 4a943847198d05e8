// A raw HTTP/1.0 and HTTP/1.1 client: the target and every field go out as written, an answer may come before the body was sent, and
// whatever comes back is read to its end.
import type { Socket } from 'node:net';
import { ByteReader } from '../../../src/echo/byte-reader.ts';
import { bodyFraming, parseMessageHead, readBody } from '../../../src/echo/http1-message.ts';
import type { FieldLines } from '../../../src/echo/http1-message.ts';
import type { PreparedRequest } from './prepared-request.ts';

export type Http1Result =
  | { readonly kind: 'response'; readonly status: number; readonly fields: FieldLines; readonly body: Buffer }
  | { readonly kind: 'switched'; readonly fields: FieldLines; readonly reader: ByteReader }
  | { readonly kind: 'failed'; readonly failure: 'connection' | 'tls'; readonly message: string };

const HEAD_BYTES = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

/** Sends one request and reads its answer. The socket stays open; whoever opened it closes it. */
export async function sendHttp1(socket: Socket, request: PreparedRequest, version: '1.0' | '1.1'): Promise<Http1Result> {
  const reader = new ByteReader(socket);
  void writeRequest(socket, request, version);
  for (;;) {
    const bytes = await reader.readHead(HEAD_BYTES);
    if (bytes === undefined) return failure(reader, 'closed without an answer');
    const head = parseMessageHead(bytes);
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3})(?: |$)/.exec(head?.startLine ?? '')?.[1]);
    if (head === undefined || Number.isNaN(status))
      return failure(reader, `not an HTTP response: ${bytes.toString('latin1').slice(0, 80)}`);
    if (status === 101) return { kind: 'switched', fields: head.fields, reader };
    if (status < 200) continue;
    const isEmpty = request.method === 'HEAD' || status === 204 || status === 304;
    const pieces: Buffer[] = [];
    const framing = isEmpty ? { kind: 'none' as const } : bodyFraming(head.fields, { kind: 'until-close' });
    if (!(await readBody(reader, framing, (piece) => pieces.push(piece))))
      return failure(reader, `closed inside the body of a ${status} answer`);
    return { kind: 'response', status, fields: head.fields, body: Buffer.concat(pieces) };
  }
}

function failure(reader: ByteReader, otherwise: string): Http1Result {
  const error: NodeJS.ErrnoException | undefined = reader.error;
  const isTls = error?.code?.startsWith('ERR_SSL') === true;
  return { kind: 'failed', failure: isTls ? 'tls' : 'connection', message: error?.message ?? otherwise };
}

async function writeRequest(socket: Socket, request: PreparedRequest, version: '1.0' | '1.1'): Promise<void> {
  const lines = [`${request.method} ${request.target} HTTP/${version}`];
  const named = new Set(request.fields.map(([name]) => name.toLowerCase()));
  if (!named.has('host')) lines.push(`Host: ${request.authority}`);
  for (const [name, value] of request.fields) lines.push(`${name}: ${value}`);
  const needsLength = request.body !== undefined || ['POST', 'PUT', 'PATCH'].includes(request.method);
  if (request.isChunked) lines.push('Transfer-Encoding: chunked');
  else if (needsLength && !named.has('content-length') && !named.has('transfer-encoding')) {
    lines.push(`Content-Length: ${request.body?.length ?? 0}`);
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const body = request.body ?? Buffer.alloc(0);
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    if (!socket.writable) return;
    const piece = body.subarray(at, at + PIECE_BYTES);
    const isFlushed = request.isChunked
      ? socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
      : socket.write(piece);
    if (!isFlushed) await drainedOrClosed(socket);
  }
  if (request.isChunked && socket.writable) socket.write('0\r\n\r\n');
}

async function drainedOrClosed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}
