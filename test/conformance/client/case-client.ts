// Sends the requests of one case and tells what came back. It owns what lives as long as the case: cookie jars and kept WebSockets.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { ByteReader } from '../../../src/echo/byte-reader.ts';
import { fieldValues } from '../../../src/echo/http1-message.ts';
import type { FieldLines } from '../../../src/echo/http1-message.ts';
import { acceptKey, encodeFrame, readMessage } from '../../../src/echo/websocket-frames.ts';
import type { RequestSpec } from '../case-format.ts';
import type { Observation, ObservedTls } from '../observation.ts';
import { CookieJar } from '../set-cookie.ts';
import { openConnection, proxyHeader } from './connection.ts';
import type { ConnectResult } from './connection.ts';
import { sendHttp1 } from './http1-client.ts';
import { grpcRequest, parseGrpcResult, sendHttp2 } from './http2-client.ts';
import { digestCredential, prepareRequest, withField } from './prepared-request.ts';
import type { PreparedRequest } from './prepared-request.ts';

export interface ClientOptions {
  /** Address of the controller. */
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly timeoutMs: number;
  /** A generated client certificate by name. */
  readonly clientCertificate: (name: string) => { readonly certificatePem: string; readonly privateKeyPem: string };
}

interface KeptSocket {
  readonly socket: Socket;
  readonly reader: ByteReader;
}

/** An observation before its duration is known. */
type Seen = WithoutSeconds<Observation>;
type WithoutSeconds<T> = T extends unknown ? Omit<T, 'seconds'> : never;

const UDP_WAIT_MS = 2000;
const LINE_BYTES = 1024 * 1024;

export class CaseClient {
  readonly #options: ClientOptions;
  readonly #jars = new Map<string, CookieJar>();
  readonly #kept = new Map<string, KeptSocket>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Sends a request once, whatever its `repeat`. Never rejects for what the other side does. */
  async send(spec: RequestSpec): Promise<Observation> {
    const startMs = performance.now();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.#options.timeoutMs);
    try {
      const seen = await this.#dispatch(spec, abort.signal);
      const seconds = (performance.now() - startMs) / 1000;
      if (abort.signal.aborted && seen.kind === 'failure') {
        return { kind: 'failure', failure: 'timeout', message: `no answer within ${this.#options.timeoutMs} ms`, tls: seen.tls, seconds };
      }
      return { ...seen, seconds };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the sockets that were kept. */
  close(): void {
    for (const { socket } of this.#kept.values()) socket.destroy();
    this.#kept.clear();
  }

  async #dispatch(spec: RequestSpec, signal: AbortSignal): Promise<Seen> {
    if (spec.udp !== undefined) return sendUdp(this.#options.host, Number(spec.udp.port), spec.udp.send);
    if (spec.tcp !== undefined) return this.#sendTcp(spec, spec.tcp, signal);
    if (spec.websocket?.on !== undefined) return this.#useKept(spec.websocket.on, spec.websocket.send);
    const jar = spec.jar === undefined ? undefined : this.#jar(spec.jar);
    const request = prepareRequest(spec, `${this.#options.host}:${this.#portOf(spec)}`, jar);
    if (spec.grpc !== undefined) return this.#sendGrpc(spec, grpcRequest(request, spec.grpc), signal);
    if (spec.websocket !== undefined) return this.#sendWebSocket(spec, request, signal);
    const seen = await this.#sendHttp(spec, request, signal);
    if (seen.kind === 'response') jar?.store(fieldValues(seen.response.fields, 'set-cookie'));
    if (spec.auth === undefined || !('digest' in spec.auth) || seen.kind !== 'response' || seen.response.status !== 401) return seen;
    const challenge = fieldValues(seen.response.fields, 'www-authenticate').find((value) => /^digest /i.test(value)) ?? '';
    const credential = digestCredential(challenge, spec.auth.digest, request);
    return credential === undefined ? seen : this.#sendHttp(spec, withField(request, 'Authorization', credential), signal);
  }

  #jar(name: string): CookieJar {
    const jar = this.#jars.get(name) ?? new CookieJar();
    this.#jars.set(name, jar);
    return jar;
  }

  #portOf(spec: RequestSpec): number {
    if (spec.port !== undefined) return Number(spec.port);
    return spec.scheme === 'https' ? this.#options.httpsPort : this.#options.httpPort;
  }

  async #connect(spec: RequestSpec, signal: AbortSignal): Promise<ConnectResult> {
    const host = (spec.host ?? '').replace(/:[0-9]+$/, '');
    const tls = {
      serverName: spec.sni ?? (isIP(host) === 0 ? host : ''),
      protocols: spec.httpVersion === '2' ? ['h2'] : ['http/1.1'],
      minVersion: spec.tls?.min,
      maxVersion: spec.tls?.max,
      clientCertificate: spec.clientCert === undefined ? undefined : this.#options.clientCertificate(spec.clientCert),
    };
    return openConnection(
      {
        host: this.#options.host,
        port: this.#portOf(spec),
        proxyProtocol: spec.proxyProtocol,
        tls: spec.scheme === 'https' ? tls : undefined,
      },
      signal,
    );
  }

  async #sendHttp(spec: RequestSpec, request: PreparedRequest, signal: AbortSignal): Promise<Seen> {
    const connection = await this.#connect(spec, signal);
    if (connection.kind === 'failed') return failed(connection.failure, connection.message, undefined);
    const { socket, tls } = connection;
    try {
      if (spec.httpVersion === '2') {
        if (spec.scheme === 'https' && connection.protocol !== 'h2') return failed('connection', 'the server did not choose h2', tls);
        const result = await sendHttp2(socket, request, spec.scheme);
        return result.kind === 'failed' ? failed('connection', result.message, tls) : response(result, tls);
      }
      const result = await sendHttp1(socket, request, spec.httpVersion);
      if (result.kind === 'failed') return failed(result.failure, result.message, tls);
      if (result.kind === 'switched') return response({ status: 101, fields: result.fields, body: Buffer.alloc(0) }, tls);
      return response(result, tls);
    } finally {
      socket.destroy();
    }
  }

  async #sendGrpc(spec: RequestSpec, request: PreparedRequest, signal: AbortSignal): Promise<Seen> {
    const connection = await this.#connect({ ...spec, httpVersion: '2' }, signal);
    if (connection.kind === 'failed') return failed(connection.failure, connection.message, undefined);
    if (spec.scheme === 'https' && connection.protocol !== 'h2')
      return failed('connection', 'the server did not choose h2', connection.tls);
    const result = await sendHttp2(connection.socket, request, spec.scheme);
    connection.socket.destroy();
    if (result.kind === 'failed') return failed('connection', result.message, connection.tls);
    return { kind: 'grpc', ...parseGrpcResult(result) };
  }

  async #sendWebSocket(spec: RequestSpec, request: PreparedRequest, signal: AbortSignal): Promise<Seen> {
    const connection = await this.#connect(spec, signal);
    if (connection.kind === 'failed') return failed(connection.failure, connection.message, undefined);
    const { socket, tls } = connection;
    const key = randomBytes(16).toString('base64');
    const opening = withField(withField(request, 'Connection', 'Upgrade'), 'Upgrade', 'websocket');
    const result = await sendHttp1(socket, withField(withField(opening, 'Sec-WebSocket-Version', '13'), 'Sec-WebSocket-Key', key), '1.1');
    if (result.kind !== 'switched') {
      socket.destroy();
      return result.kind === 'failed' ? failed(result.failure, result.message, tls) : response(result, tls);
    }
    if (fieldValues(result.fields, 'sec-websocket-accept')[0] !== acceptKey(key)) {
      socket.destroy();
      return failed('connection', 'the answer to the WebSocket handshake has a wrong Sec-WebSocket-Accept', tls);
    }
    const first = await readMessage(result.reader);
    const messages = await talk({ socket, reader: result.reader }, spec.websocket?.send ?? []);
    if (spec.websocket?.keep === undefined) socket.destroy();
    else this.#kept.set(spec.websocket.keep, { socket, reader: result.reader });
    return { kind: 'websocket', first: first?.payload.toString('utf8'), messages };
  }

  async #useKept(name: string, texts: readonly string[]): Promise<Seen> {
    const kept = this.#kept.get(name);
    if (kept === undefined) throw new Error(`no WebSocket was kept as ${name}`);
    return { kind: 'websocket', first: undefined, messages: await talk(kept, texts) };
  }

  async #sendTcp(spec: RequestSpec, tcp: NonNullable<RequestSpec['tcp']>, signal: AbortSignal): Promise<Seen> {
    const options = { host: this.#options.host, port: Number(tcp.port), proxyProtocol: undefined, tls: undefined };
    const connection = await openConnection(options, signal);
    if (connection.kind === 'failed') return failed(connection.failure, connection.message, undefined);
    const reader = new ByteReader(connection.socket);
    connection.socket.write(`${spec.proxyProtocol === undefined ? '' : proxyHeader(spec.proxyProtocol)}${tcp.send}`);
    const line = await reader.readLine(LINE_BYTES);
    connection.socket.destroy();
    if (line === undefined) return failed('connection', 'closed without an answer', undefined);
    return { kind: 'datagram', protocol: 'tcp', text: line.toString('utf8') };
  }
}

function failed(failure: 'connection' | 'tls', message: string, tls: ObservedTls | undefined): Seen {
  return { kind: 'failure', failure, message, tls };
}

function response(
  result: { readonly status: number; readonly fields: FieldLines; readonly body: Buffer },
  tls: ObservedTls | undefined,
): Seen {
  return {
    kind: 'response',
    response: { status: result.status, fields: result.fields, body: decodeContent(result.fields, result.body) },
    tls,
  };
}

/** Undoes gzip and brotli. A body that does not decode is left as it is. */
export function decodeContent(fields: FieldLines, body: Buffer): Buffer {
  const codings = fieldValues(fields, 'content-encoding')
    .flatMap((value) => value.toLowerCase().split(','))
    .map((one) => one.trim());
  let decoded = body;
  try {
    for (const coding of codings.reverse()) {
      if (coding === 'gzip') decoded = gunzipSync(decoded);
      else if (coding === 'br') decoded = brotliDecompressSync(decoded);
    }
  } catch {
    return body;
  }
  return decoded;
}

async function talk(kept: KeptSocket, texts: readonly string[]): Promise<string[]> {
  for (const text of texts) kept.socket.write(encodeFrame({ kind: 'text', payload: Buffer.from(text) }, true));
  const answers: string[] = [];
  while (answers.length < texts.length) {
    const message = await readMessage(kept.reader);
    if (message === undefined || message.kind === 'close') break;
    if (message.kind === 'text') answers.push(message.payload.toString('utf8'));
  }
  return answers;
}

async function sendUdp(host: string, port: number, text: string): Promise<Seen> {
  const socket = createSocket('udp4');
  try {
    return await new Promise<Seen>((resolve) => {
      const timer = setTimeout(() => resolve(failed('connection', 'no datagram came back', undefined)), UDP_WAIT_MS);
      socket.on('message', (message) => {
        clearTimeout(timer);
        resolve({ kind: 'datagram', protocol: 'udp', text: message.toString('utf8') });
      });
      socket.on('error', (error) => {
        clearTimeout(timer);
        resolve(failed('connection', error.message, undefined));
      });
      socket.connect(port, host, () => socket.send(text));
    });
  } finally {
    socket.close();
  }
}
