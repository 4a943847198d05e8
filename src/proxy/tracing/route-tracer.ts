// Makes a request a span: gives it its place in a trace when its route is known, tells the backend, and hands the finished span over when
// the exchange ends, if it is sampled. Attributes are those of nginx's OpenTelemetry module (opentelemetry-cpp-contrib) and those that
// ingress-nginx's template adds.
import { printTraceParent, type FinishedSpan, type TraceContext } from '../../observe/tracing/span.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { ExpandTemplate } from '../policies/variables.ts';
import { readIncomingTrace } from './incoming-trace.ts';
import type { Sampler } from './sampler.ts';

const SPAN_ID_DIGITS = 16;
/** Values from clients are cut here: a collector takes 4 MiB at once, and a batch has 512 spans. */
const MAX_VALUE_CHARACTERS = 1024;

export interface RouteTracerOptions {
  readonly sampler: Sampler;
  readonly trustsIncoming: boolean;
  /** Undefined: spans are named after the path of their rule. */
  readonly operationName: ExpandTemplate | undefined;
  /** Undefined: there is no collector. */
  readonly onSpan: ((span: FinishedSpan) => void) | undefined;
}

export class RouteTracer {
  readonly #options: RouteTracerOptions;

  constructor(options: RouteTracerOptions) {
    this.#options = options;
  }

  /** The route of the request is known; its head is there. A request that a snippet sends to another route stays the same span. */
  begin(request: PolicyRequest): void {
    const trace = request.entry.trace ?? this.#startTrace(request);
    request.entry.trace = trace;
    request.setRequestField('traceparent', printTraceParent(trace));
    request.setRequestField('tracestate', trace.traceState);
    // The head is gone when the span is made.
    if (trace.isSampled && this.#options.onSpan !== undefined) request.note(this, request.fieldOf('user-agent') ?? '');
  }

  /** The exchange is over, and its record complete. */
  end(request: PolicyRequest): void {
    const { onSpan, operationName } = this.#options;
    const { entry } = request;
    const { trace } = entry;
    if (onSpan === undefined || trace?.isSampled !== true) return;
    const name = operationName?.(request) ?? entry.labels.path;
    const userAgent = request.noteOf(this);
    onSpan({
      context: trace,
      name: textOf(name),
      startMs: entry.startedAtMs,
      endMs: entry.startedAtMs + entry.durationSeconds * 1000,
      isError: entry.status >= 500,
      attributes: attributesOf(request, typeof userAgent === 'string' ? userAgent : ''),
    });
  }

  #startTrace(request: PolicyRequest): TraceContext {
    const { sampler, trustsIncoming } = this.#options;
    const parent = trustsIncoming ? readIncomingTrace(request.fieldOf('traceparent'), request.fieldOf('tracestate')) : undefined;
    const { requestIds } = request.context;
    const traceId = parent?.traceId ?? requestIds.create();
    return {
      traceId,
      spanId: requestIds.create().slice(0, SPAN_ID_DIGITS),
      parentSpanId: parent?.parentSpanId ?? '',
      isSampled: sampler(traceId, parent),
      traceState: parent?.traceState ?? '',
    };
  }
}

function attributesOf(request: PolicyRequest, userAgent: string): FinishedSpan['attributes'] {
  const { entry, origin, hostText, hostName } = request;
  const { labels } = entry;
  return {
    'http.method': entry.method,
    'http.flavor': entry.protocol.slice('HTTP/'.length),
    'http.target': textOf(entry.target),
    'http.server_name': entry.isHostDefined ? hostName : '_',
    'http.host': textOf(hostText),
    ...(userAgent !== '' && { 'http.user_agent': textOf(userAgent) }),
    'http.status_code': entry.status,
    'http.scheme': entry.scheme,
    'net.host.port': origin.localPort,
    'net.peer.ip': entry.clientAddress,
    'net.peer.port': entry.clientPort,
    'ingress.namespace': labels.namespace,
    'ingress.service_name': labels.service,
    'ingress.name': labels.ingress,
    'ingress.upstream': entry.upstreamName === '' ? (request.route.upstream?.name ?? '') : entry.upstreamName,
  };
}

/** Heads hold one byte a character; spans hold Unicode. */
function textOf(bytes: string): string {
  const text = bytes.length > MAX_VALUE_CHARACTERS ? bytes.slice(0, MAX_VALUE_CHARACTERS) : bytes;
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}
