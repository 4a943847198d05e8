// One HTTP/1.0 or HTTP/1.1 connection of the echo backend: requests one after another, answered by the plan, until the client or the
// request ends it. It accepts every method and target, and gives back the target as it came.
import { setTimeout as delay } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import { ByteReader } from './byte-reader.ts';
import { createBodyDigest, echoAnswer, groupFields, planAnswer } from './echo-answer.ts';
import type { AnswerPlan, EchoAnswer, EchoIdentity, EchoRequest, EchoTls } from './echo-answer.ts';
import { bodyFraming, fieldValues, hasFieldMember, parseMessageHead, readBody } from './http1-message.ts';
import type { MessageHead } from './http1-message.ts';
import { acceptKey, encodeFrame, readMessage } from './websocket-frames.ts';

export interface Http1ConnectionOptions {
  readonly identity: EchoIdentity;
  readonly tls: EchoTls | null;
  /** Called once for each request, before it is answered. */
  readonly onRequest: (answer: EchoAnswer) => void;
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly proto: 'HTTP/1.0' | 'HTTP/1.1';
}

const HEAD_BYTES = 256 * 1024;
const FILL = Buffer.alloc(64 * 1024, 'a');
/** First byte of a TLS connection (RFC 8446 section 5.1): it would never come to the end of a head. */
const TLS_HANDSHAKE = 0x16;
const REASONS: Readonly<Record<number, string>> = { 200: 'OK', 204: 'No Content', 304: 'Not Modified', 400: 'Bad Request' };

/** Serves the connection until it ends. Never rejects. */
export async function serveHttp1Connection(socket: Duplex, options: Http1ConnectionOptions): Promise<void> {
  const reader = new ByteReader(socket);
  try {
    while (await serveRequest(socket, reader, options));
  } catch (error) {
    socket.destroy(error instanceof Error ? error : undefined);
  }
}

/** True if another request may follow on the connection. */
async function serveRequest(socket: Duplex, reader: ByteReader, options: Http1ConnectionOptions): Promise<boolean> {
  if ((await reader.peek()) === TLS_HANDSHAKE) return refuse(socket);
  const bytes = await reader.readHead(HEAD_BYTES);
  if (bytes === undefined) {
    socket.end();
    return false;
  }
  const head = parseMessageHead(bytes);
  const line = head === undefined ? undefined : parseRequestLine(head.startLine);
  if (head === undefined || line === undefined) return refuse(socket);
  if (hasFieldMember(head.fields, 'upgrade', 'websocket')) {
    await serveWebSocket(socket, reader, { head, line, options });
    return false;
  }
  if (line.proto === 'HTTP/1.1' && hasFieldMember(head.fields, 'expect', '100-continue')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  const digest = createBodyDigest();
  if (!(await readBody(reader, bodyFraming(head.fields, { kind: 'none' }), digest.add))) {
    socket.destroy();
    return false;
  }
  const answer = echoAnswer(options.identity, describeRequest(head, line, digest.finish(), options.tls));
  options.onRequest(answer);
  const isKeptAlive = keepsAlive(head, line);
  return (await respond(socket, planAnswer(answer), { method: line.method, isKeptAlive })) && isKeptAlive;
}

function refuse(socket: Duplex): false {
  socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  return false;
}

function parseRequestLine(text: string): RequestLine | undefined {
  const match = /^([^ ]+) (.+) (HTTP\/1\.[01])$/.exec(text);
  const [, method, target, proto] = match ?? [];
  if (method === undefined || target === undefined) return undefined;
  return { method, target, proto: proto === 'HTTP/1.0' ? 'HTTP/1.0' : 'HTTP/1.1' };
}

function keepsAlive(head: MessageHead, line: RequestLine): boolean {
  if (hasFieldMember(head.fields, 'connection', 'close')) return false;
  return line.proto === 'HTTP/1.1' || hasFieldMember(head.fields, 'connection', 'keep-alive');
}

function describeRequest(head: MessageHead, line: RequestLine, body: EchoRequest['body'], tls: EchoTls | null): EchoRequest {
  return {
    method: line.method,
    path: line.target,
    host: fieldValues(head.fields, 'host')[0] ?? '',
    proto: line.proto,
    headers: groupFields(head.fields),
    body,
    tls,
  };
}

async function respond(socket: Duplex, plan: AnswerPlan, request: { method: string; isKeptAlive: boolean }): Promise<boolean> {
  if (plan.kind === 'close') {
    socket.destroy();
    return false;
  }
  if (plan.delayMs > 0) await delay(plan.delayMs);
  if (socket.destroyed) return false;
  const hasBody = plan.status !== 204 && plan.status !== 304;
  const named = new Set(plan.fields.map(([name]) => name.toLowerCase()));
  const lines = [`HTTP/1.1 ${plan.status} ${REASONS[plan.status] ?? 'Status'}`];
  if (!named.has('date')) lines.push(`Date: ${new Date().toUTCString()}`);
  for (const [name, value] of plan.fields) lines.push(`${name}: ${value}`);
  const lengthBytes = plan.body.kind === 'bytes' ? plan.body.bytes.length : plan.body.lengthBytes;
  if (hasBody && !named.has('content-length')) lines.push(`Content-Length: ${lengthBytes}`);
  if (!named.has('connection')) lines.push(`Connection: ${request.isKeptAlive ? 'keep-alive' : 'close'}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (!hasBody || request.method === 'HEAD') socket.write(head);
  else if (plan.body.kind === 'bytes') socket.write(Buffer.concat([head, plan.body.bytes]));
  else {
    socket.write(head);
    await writeFill(socket, plan.body.lengthBytes);
  }
  if (!request.isKeptAlive) socket.end();
  return true;
}

async function writeFill(socket: Duplex, lengthBytes: number): Promise<void> {
  let missing = lengthBytes;
  while (missing > 0 && !socket.destroyed) {
    const piece = missing < FILL.length ? FILL.subarray(0, missing) : FILL;
    missing -= piece.length;
    if (!socket.write(piece)) await drained(socket);
  }
}

async function drained(socket: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

async function serveWebSocket(
  socket: Duplex,
  reader: ByteReader,
  request: { readonly head: MessageHead; readonly line: RequestLine; readonly options: Http1ConnectionOptions },
): Promise<void> {
  const { head, line, options } = request;
  const answer = echoAnswer(options.identity, describeRequest(head, line, createBodyDigest().finish(), options.tls));
  options.onRequest(answer);
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(fieldValues(head.fields, 'sec-websocket-key')[0] ?? '')}`,
  ];
  const protocol = fieldValues(head.fields, 'sec-websocket-protocol')[0]?.split(',')[0]?.trim();
  if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.write(encodeFrame({ kind: 'text', payload: Buffer.from(JSON.stringify(answer)) }, false));
  for (;;) {
    const message = await readMessage(reader);
    if (message === undefined) break;
    if (message.kind === 'pong') continue;
    const sent = socket.write(encodeFrame(message.kind === 'ping' ? { kind: 'pong', payload: message.payload } : message, false));
    if (message.kind === 'close') break;
    if (!sent) await drained(socket);
  }
  socket.end();
}
