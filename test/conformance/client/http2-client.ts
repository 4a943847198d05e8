// HTTP/2 requests over a connection that was opened before, and unary gRPC calls on top of them.
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { PreparedRequest } from './prepared-request.ts';

export type Http2Result =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly fields: readonly (readonly [string, string])[];
      readonly trailers: readonly (readonly [string, string])[];
      readonly body: Buffer;
    }
  | { readonly kind: 'failed'; readonly message: string };

const NOT_IN_HTTP2 = new Set(['connection', 'keep-alive', 'upgrade', 'transfer-encoding', 'host', 'proxy-connection']);

/** Sends one request with prior knowledge or after ALPN. Closes the session. */
export async function sendHttp2(socket: Socket, request: PreparedRequest, scheme: 'http' | 'https'): Promise<Http2Result> {
  const session = connect(`${scheme}://client.invalid`, { createConnection: () => socket });
  try {
    return await exchange(session, request, scheme);
  } finally {
    session.destroy();
  }
}

async function exchange(session: ClientHttp2Session, request: PreparedRequest, scheme: string): Promise<Http2Result> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ kind: 'failed', message: error.message });
    session.on('error', fail);
    session.on('close', () => resolve({ kind: 'failed', message: 'the session was closed' }));
    const stream = session.request(http2Fields(request, scheme), { endStream: request.body === undefined });
    let fields: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const pieces: Buffer[] = [];
    stream.on('response', (headers) => {
      fields = headers;
    });
    stream.on('trailers', (headers) => {
      trailers = headers;
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', fail);
    stream.on('close', () => {
      const status = fields[constants.HTTP2_HEADER_STATUS];
      if (status === undefined) resolve({ kind: 'failed', message: `stream closed with code ${stream.rstCode}` });
      else
        resolve({
          kind: 'response',
          status: Number(status),
          fields: fieldLines(fields),
          trailers: fieldLines(trailers),
          body: Buffer.concat(pieces),
        });
    });
    if (request.body !== undefined) stream.end(request.body);
  });
}

function http2Fields(request: PreparedRequest, scheme: string): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {
    ':method': request.method,
    ':path': request.target,
    ':scheme': scheme,
    ':authority': request.authority,
  };
  for (const [name, value] of request.fields) {
    const lower = name.toLowerCase();
    if (NOT_IN_HTTP2.has(lower)) continue;
    const before = fields[lower];
    fields[lower] = before === undefined ? value : typeof before === 'string' ? [before, value] : [...before, value];
  }
  return fields;
}

function fieldLines(headers: IncomingHttpHeaders): (readonly [string, string])[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || name.startsWith(':')) return [];
    return (Array.isArray(value) ? value : [value]).map((one) => [name, one] as const);
  });
}

export interface GrpcResult {
  readonly status: number;
  readonly text: string;
  /** Field 1 of the reply message, if there is a reply. */
  readonly reply: string | undefined;
}

/** The request of a unary call whose message has the text as field 1. */
export function grpcRequest(request: PreparedRequest, call: { readonly method: string; readonly message: string }): PreparedRequest {
  return {
    ...request,
    method: 'POST',
    target: call.method,
    fields: [...request.fields, ['content-type', 'application/grpc'], ['te', 'trailers']],
    body: encodeGrpcMessage(call.message),
  };
}

/** Reads status and reply of a unary call; an answer without grpc-status is mapped by its HTTP status as gRPC clients do. */
export function parseGrpcResult(result: Http2Result & { kind: 'response' }): GrpcResult {
  const find = (name: string): string | undefined => [...result.trailers, ...result.fields].find(([field]) => field === name)?.[1];
  const status = find('grpc-status');
  const text = decodeURIComponent(find('grpc-message') ?? '');
  if (status === undefined) return { status: statusOfHttp(result.status), text: `HTTP status ${result.status}`, reply: undefined };
  return { status: Number(status), text, reply: result.body.length > 5 ? decodeGrpcMessage(result.body) : undefined };
}

function statusOfHttp(status: number): number {
  const known: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 };
  return known[status] ?? 2;
}

/** A length-prefixed protobuf message with one string, field 1. */
export function encodeGrpcMessage(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let left = bytes.length;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>>= 7;
  } while (left > 0);
  const message = Buffer.concat([Buffer.from([0x0a, ...length]), bytes]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Field 1 of a message with its length prefix; empty if the message has another shape. */
export function decodeGrpcMessage(bytes: Buffer): string {
  if (bytes[5] !== 0x0a) return '';
  let at = 6;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return bytes.subarray(at, at + length).toString('utf8');
}
