// Echo backends over HTTP/2: `h2c`, and gRPC with or without TLS. The plan of the answer is the one of the HTTP/1.1 echo backend.
import { createSecureServer, createServer } from 'node:http2';
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { createBodyDigest, echoAnswer, groupFields, planAnswer } from '../../../src/echo/echo-answer.ts';
import type { EchoAnswer, EchoIdentity } from '../../../src/echo/echo-answer.ts';
import { describeTls, listen } from '../../../src/echo/echo-server.ts';
import type { EchoServerTls } from '../../../src/echo/echo-server.ts';
import { encodeGrpcMessage } from '../client/http2-client.ts';

export interface Http2ServerOptions {
  readonly identity: EchoIdentity;
  readonly host: string;
  readonly isGrpc: boolean;
  readonly tls: EchoServerTls | undefined;
  readonly onRequest: (answer: EchoAnswer) => void;
}

export async function startHttp2Server(options: Http2ServerOptions): Promise<{ port: number; close: () => Promise<void> }> {
  const sessions = new Set<Http2Session>();
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer()
      : createSecureServer({
          cert: tls.certificate,
          key: tls.privateKey,
          ...(tls.clientAuthority === undefined ? {} : { ca: tls.clientAuthority, requestCert: true, rejectUnauthorized: true }),
        });
  server.on('session', (session: Http2Session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    void serveStream(stream, headers, options);
  });
  const port = await listen(server, options.host, 0);
  return {
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

async function serveStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: Http2ServerOptions): Promise<void> {
  const digest = createBodyDigest();
  for await (const piece of stream) digest.add(piece as Buffer);
  const path = headers[':path'] ?? '';
  const socket = stream.session?.socket;
  const answer = echoAnswer(options.identity, {
    method: headers[':method'] ?? '',
    path,
    host: headers[':authority'] ?? headers.host ?? '',
    proto: 'HTTP/2.0',
    headers: groupFields(plainFields(headers)),
    body: digest.finish(),
    tls: socket instanceof TLSSocket ? describeTls(socket) : null,
  });
  options.onRequest(answer);
  if (options.isGrpc) await respondGrpc(stream, path, answer);
  else await respond(stream, answer);
}

function plainFields(headers: IncomingHttpHeaders): (readonly [string, string])[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (name.startsWith(':') || value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).map((one) => [name, one] as const);
  });
}

async function respondGrpc(stream: ServerHttp2Stream, path: string, answer: EchoAnswer): Promise<void> {
  const delayMs = /^\/delay\/([0-9]+)$/.exec(path)?.[1];
  if (delayMs !== undefined) await delay(Number(delayMs));
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(encodeGrpcMessage(JSON.stringify(answer)));
}

async function respond(stream: ServerHttp2Stream, answer: EchoAnswer): Promise<void> {
  const plan = planAnswer(answer);
  if (plan.kind === 'close') {
    stream.session?.destroy();
    return;
  }
  if (plan.delayMs > 0) await delay(plan.delayMs);
  if (stream.destroyed) return;
  const body = plan.body.kind === 'bytes' ? plan.body.bytes : Buffer.alloc(plan.body.lengthBytes, 'a');
  const isEmpty = answer.method === 'HEAD' || plan.status === 204 || plan.status === 304;
  stream.respond({ ':status': plan.status, 'content-length': String(body.length), ...groupFields(plan.fields) }, { endStream: isEmpty });
  if (!isEmpty) stream.end(body);
}
