// One request to the API server on node:http or node:https, without any meaning: sends, and hands out the head and then the bytes of the
// answer. Never throws and never leaves a socket behind: each exchange ends exactly once, with nothing or with an error.
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { http, https } from '../../kit/node-http.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { ApiError } from './api-error.ts';
import { localError } from './api-error.ts';
import type { ApiConnection } from './credentials.ts';

export interface HttpRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Longest time without a byte of the answer. */
  readonly idleTimeoutMs: number;
  /** Longest time for everything; undefined: no bound. */
  readonly totalTimeoutMs?: number;
}

export interface AnswerHandler {
  onHead(answer: IncomingMessage): void;
  /** An error ends the exchange with it. */
  onData(chunk: Buffer): ApiError | undefined;
}

/** The end of an exchange; `isUnsent` tells that a kept connection turned out to be closed, so that the request may be sent again. */
export type ExchangeEnd = Result<undefined, ApiError & { readonly isUnsent: boolean }>;

export interface ExchangeDeps {
  readonly connection: ApiConnection;
  readonly agent: Agent;
}

export function exchange(request: HttpRequest, deps: ExchangeDeps, handler: AnswerHandler, signal: AbortSignal): Promise<ExchangeEnd> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(fail({ ...localError('Aborted', 'ended by the caller'), isUnsent: false }));
      return;
    }
    startExchange(request, deps, { handler, signal, resolve });
  });
}

interface ExchangeEnds {
  readonly handler: AnswerHandler;
  readonly signal: AbortSignal;
  readonly resolve: (end: ExchangeEnd) => void;
}

function startExchange(request: HttpRequest, deps: ExchangeDeps, { handler, signal, resolve }: ExchangeEnds): void {
  const outgoing = openRequest(request, deps);
  let hasAnswer = false;
  const end = (error?: ApiError): void => {
    clearTimeout(totalTimer);
    signal.removeEventListener('abort', onAbort);
    // Errors of a socket that is given up reach nobody.
    outgoing.on('error', () => {});
    if (error !== undefined) outgoing.destroy();
    const isUnsent = error?.reason === 'Unreachable' && outgoing.reusedSocket && !hasAnswer;
    resolve(error === undefined ? ok(undefined) : fail({ ...error, isUnsent }));
  };
  const onAbort = (): void => end(localError('Aborted', 'ended by the caller'));
  const onTimeout = (): void => end(localError('Timeout', `no answer from ${deps.connection.server} in time`));
  const onError = (error: Error): void => end(localError('Unreachable', unreachableMessage(deps.connection.server, error)));
  const totalTimer = request.totalTimeoutMs === undefined ? undefined : setTimeout(onTimeout, request.totalTimeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  outgoing.setTimeout(request.idleTimeoutMs, onTimeout);
  outgoing.on('error', onError);
  outgoing.on('response', (answer) => {
    hasAnswer = true;
    handler.onHead(answer);
    answer.on('data', (chunk: Buffer) => {
      const error = handler.onData(chunk);
      if (error !== undefined) end(error);
    });
    answer.on('error', onError);
    answer.on('end', () => end());
    answer.on('close', () => {
      if (!answer.complete) end(localError('Unreachable', `${deps.connection.server} closed the connection within its answer`));
    });
  });
  outgoing.end(request.body);
}

function openRequest(request: HttpRequest, { connection, agent }: ExchangeDeps): ClientRequest {
  const base = new URL(connection.server);
  const body = request.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(request.body)) };
  const options = {
    host: base.hostname.replace(/^\[|\]$/g, ''),
    ...(base.port === '' ? {} : { port: Number(base.port) }),
    path: base.pathname === '/' ? request.path : base.pathname + request.path,
    method: request.method,
    headers: { ...connection.headers, ...request.headers, ...body },
    agent,
  };
  return base.protocol === 'http:' ? http.request(options) : https.request({ ...options, ...connection.tls });
}

function unreachableMessage(server: string, error: Error): string {
  // Several addresses that all refuse come as an AggregateError without a message.
  const causes =
    error instanceof AggregateError ? error.errors.map((cause) => (cause instanceof Error ? cause.message : String(cause))) : [];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return `${server}: ${error.message || causes[0] || code || 'connection failed'}`;
}
