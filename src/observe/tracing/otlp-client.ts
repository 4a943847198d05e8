// Sends spans to a collector: OTLP over gRPC, without TLS, as ingress-nginx does. One connection, one call at a time, each with a deadline.
// The messages are written by OpenTelemetry's own serializer; gRPC is an HTTP/2 request with a prefix of five bytes. Loaded only where
// spans are exported, since the serializer brings some 20 MB with it.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { FinishedSpan } from './span.ts';

export interface OtlpClientOptions {
  readonly host: string;
  readonly port: number;
  /** Attributes of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Of Portico. */
  readonly version: string;
}

export type ExportResult =
  /** `rejected`: spans that the collector did not want. */
  | { readonly kind: 'exported'; readonly rejected: number }
  /** It may work later. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** Sending these spans again makes no sense. */
  | { readonly kind: 'refused'; readonly reason: string };

type ReadableSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const DEADLINE_MS = 10_000;
/** The answer to an export is a few bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
const PREFIX_BYTES = 5;
/** Codes of gRPC after which OTLP lets a client try again (OTLP 1.0, "Failures"). RESOURCE_EXHAUSTED is among them for the sake of back-off. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15]);

export class OtlpClient {
  readonly #options: OtlpClientOptions;
  readonly #authority: string;
  readonly #resource: ReadableSpan['resource'];
  #session: ClientHttp2Session | undefined;

  constructor(options: OtlpClientOptions) {
    this.#options = options;
    const { host, port, resource } = options;
    this.#authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#resource = createResource(resource);
  }

  /** Never rejects, and never takes longer than the deadline. */
  async send(spans: readonly FinishedSpan[]): Promise<ExportResult> {
    const message = ProtobufTraceSerializer.serializeRequest(spans.map((span) => this.#toReadable(span)));
    if (message === undefined) return { kind: 'refused', reason: 'the spans cannot be serialized' };
    return await new Promise<ExportResult>((resolve) => {
      try {
        const stream = this.#connect().request({
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: PATH,
          'content-type': 'application/grpc',
          'user-agent': `portico/${this.#options.version}`,
          'grpc-timeout': `${DEADLINE_MS}m`,
          te: 'trailers',
        });
        watchCall(stream, { resolve, onDeadline: () => this.close() });
        stream.end(withPrefix(message));
      } catch (error) {
        resolve({ kind: 'unavailable', reason: messageOf(error) });
      }
    });
  }

  /** Breaks off a call under way. The next one connects anew. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #connect(): ClientHttp2Session {
    const old = this.#session;
    if (old !== undefined && !old.closed && !old.destroyed) return old;
    const session = connect(`http://${this.#authority}`);
    // The streams are told.
    session.on('error', () => undefined);
    session.unref();
    this.#session = session;
    return session;
  }

  #toReadable({ context, name, startMs, endMs, isError, attributes }: FinishedSpan): ReadableSpan {
    const { traceId, spanId, parentSpanId, traceState } = context;
    const spanContext = {
      traceId,
      spanId,
      traceFlags: TraceFlags.SAMPLED,
      ...(traceState !== '' && { traceState: fixedTraceState(traceState) }),
    };
    return {
      name,
      kind: SpanKind.SERVER,
      spanContext: () => spanContext,
      ...(parentSpanId !== '' && {
        parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true },
      }),
      startTime: toHrTime(startMs),
      endTime: toHrTime(endMs),
      duration: toHrTime(endMs - startMs),
      status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes,
      links: [],
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: { name: 'portico', version: this.#options.version },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

interface CallWatcher {
  readonly resolve: (result: ExportResult) => void;
  readonly onDeadline: () => void;
}

/** Resolves once, whatever becomes of the call. */
function watchCall(stream: ClientHttp2Stream, { resolve, onDeadline }: CallWatcher): void {
  const pieces: Buffer[] = [];
  let length = 0;
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let reason = 'the connection was closed';
  const timer = setTimeout(() => {
    reason = `no answer within ${DEADLINE_MS / 1000} s`;
    onDeadline();
  }, DEADLINE_MS).unref();
  stream.on('response', (received) => {
    headers = received;
  });
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.on('data', (piece: Buffer) => {
    length += piece.length;
    if (length <= MAX_ANSWER_BYTES) pieces.push(piece);
    else stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('error', (error) => {
    reason = messageOf(error);
  });
  stream.on('close', () => {
    clearTimeout(timer);
    resolve(readAnswer({ ...headers, ...trailers }, Buffer.concat(pieces), reason));
  });
}

/** `headers`: with the trailers. `reason`: for an answer without a status. */
function readAnswer(headers: IncomingHttpHeaders, body: Buffer, reason: string): ExportResult {
  const httpStatus = headers[constants.HTTP2_HEADER_STATUS];
  const code = headers['grpc-status'];
  if (code === undefined) {
    // What stands in between answers like this: gRPC, "HTTP to gRPC Status Code Mapping".
    if (httpStatus === undefined || Number(httpStatus) === 200) return { kind: 'unavailable', reason };
    const isRetryable = [429, 502, 503, 504].includes(Number(httpStatus));
    return { kind: isRetryable ? 'unavailable' : 'refused', reason: `the collector answered with HTTP status ${String(httpStatus)}` };
  }
  if (Number(code) === 0) return { kind: 'exported', rejected: readRejected(body) };
  const answer = `the collector answered with gRPC status ${String(code).slice(0, 10)}: ${String(headers['grpc-message'] ?? '').slice(0, 200)}`;
  return { kind: RETRYABLE_CODES.has(Number(code)) ? 'unavailable' : 'refused', reason: answer };
}

/** An answer that cannot be read is as good as none. */
function readRejected(body: Buffer): number {
  try {
    return ProtobufTraceSerializer.deserializeResponse(body.subarray(PREFIX_BYTES)).partialSuccess?.rejectedSpans ?? 0;
  } catch {
    return 0;
  }
}

/** gRPC over HTTP2, "Length-Prefixed-Message": not compressed. */
function withPrefix(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

function createResource(attributes: Readonly<Record<string, string>>): ReadableSpan['resource'] {
  const resource: ReadableSpan['resource'] = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}

function fixedTraceState(text: string): NonNullable<ReturnType<ReadableSpan['spanContext']>['traceState']> {
  const state: ReturnType<typeof fixedTraceState> = { serialize: () => text, get: () => undefined, set: () => state, unset: () => state };
  return state;
}

/** Seconds and nanoseconds. */
function toHrTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
