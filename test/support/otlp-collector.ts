// A collector for tests: OTLP over gRPC on a port of loopback, with the messages of OpenTelemetry's published definitions (opentelemetry-proto
// 1.x, the part that spans need), read by another library than the one that Portico writes them with.
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import protobuf from 'protobufjs';
import { PATIENCE_MS, poll } from './polling.ts';

const DEFINITIONS = `
syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; }
message InstrumentationScope { string name = 1; string version = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15; fixed32 flags = 16;
}
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`;

/** OTLP's numbers. */
export const KIND_SERVER = 2;
export const STATUS_ERROR = 2;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly resource: Readonly<Record<string, string | number>>;
}

type Attributes = readonly { readonly key: string; readonly value: { readonly stringValue?: string; readonly intValue?: string } }[];

interface RawSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Attributes;
  readonly status?: { readonly code: number };
}

interface RawRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

export class OtlpCollector {
  readonly spans: ReceivedSpan[] = [];
  /** Spans of each call. */
  readonly batches: number[] = [];
  /** What calls are answered with; undefined: not at all. */
  grpcStatus: number | undefined = 0;
  /** Anything but 200: what stands in between answers, without gRPC. */
  httpStatus = 200;
  /** Spans of each call that are not wanted. */
  rejected = 0;
  readonly #type = protobuf.parse(DEFINITIONS).root.lookupType('ExportTraceServiceRequest');
  readonly #sessions = new Set<ServerHttp2Session>();
  #server: Http2Server | undefined;

  /** Port 0: a free one. Returns the port. */
  async listen(port = 0): Promise<number> {
    const server = createServer();
    this.#server = server;
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
    });
    server.on('stream', (stream, headers) => this.#onCall(stream, String(headers[':path']), String(headers['content-type'])));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    for (const session of this.#sessions) session.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  /** The first span, received or still to come, whose target is this one. */
  async spanOf(target: string): Promise<ReceivedSpan> {
    const found = await poll({ timeoutMs: PATIENCE_MS, everyMs: 10 }, () =>
      this.spans.find((span) => span.attributes['http.target'] === target),
    );
    if (found === undefined) throw new Error(`no span for ${target} came`);
    return found;
  }

  #onCall(stream: ServerHttp2Stream, path: string, contentType: string): void {
    const pieces: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      if (this.grpcStatus === undefined) return;
      if (this.httpStatus !== 200) return stream.respond({ ':status': this.httpStatus }, { endStream: true });
      const isExport = path === '/opentelemetry.proto.collector.trace.v1.TraceService/Export' && contentType === 'application/grpc';
      if (isExport && this.grpcStatus === 0) this.#take(Buffer.concat(pieces));
      const status = isExport ? this.grpcStatus : 12;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
      stream.end(status === 0 ? this.#answer() : undefined);
    });
  }

  /** ExportTraceServiceResponse, where spans are rejected with its `partial_success.rejected_spans`. */
  #answer(): Buffer {
    const message = this.rejected === 0 ? Buffer.alloc(0) : Buffer.from([0x0a, 2, 0x08, this.rejected]);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
  }

  #take(message: Buffer): void {
    if (message[0] !== 0 || message.readUInt32BE(1) !== message.length - 5) throw new Error('no message of gRPC');
    const decoded = this.#type.decode(message.subarray(5));
    const request = this.#type.toObject(decoded, { longs: String, arrays: true, defaults: true }) as RawRequest;
    const before = this.spans.length;
    for (const { resource, scopeSpans } of request.resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) this.spans.push(readSpan(span, readAttributes(resource.attributes)));
    }
    this.batches.push(this.spans.length - before);
  }
}

function readSpan(span: RawSpan, resource: ReceivedSpan['resource']): ReceivedSpan {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    statusCode: span.status?.code ?? 0,
    attributes: readAttributes(span.attributes),
    resource,
  };
}

function readAttributes(attributes: Attributes): Record<string, string | number> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
