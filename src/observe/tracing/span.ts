// What tracing knows about one request: its place in a trace, and, once it has ended, the span that is exported.

/** Ids in lower-case hexadecimal, as in `traceparent`. */
export interface TraceContext {
  /** 32 digits. */
  readonly traceId: string;
  /** 16 digits: this request. */
  readonly spanId: string;
  /** 16 digits; empty: the trace begins here. */
  readonly parentSpanId: string;
  readonly isSampled: boolean;
  /** As received from a trusted client, else empty. */
  readonly traceState: string;
}

export interface FinishedSpan {
  readonly context: TraceContext;
  readonly name: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** The value of `traceparent` (W3C Trace Context, 3.2), version 00. */
export function printTraceParent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
