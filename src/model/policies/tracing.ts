// Tracing of requests: one server span for each request of a route, and its context passed on to the backend (W3C Trace Context).
// Names follow the ConfigMap keys of ingress-nginx, whose meaning is that of opentelemetry-cpp.

/** What an Ingress says about its routes; what is absent comes from the settings. */
export interface RouteTracing {
  readonly isEnabled: boolean;
  /** Text with nginx variables, checked. */
  readonly operationName?: string;
  readonly trustsIncoming?: boolean;
}

export type SamplerName = 'AlwaysOn' | 'AlwaysOff' | 'TraceIdRatioBased';

export interface TracingSettings {
  /** Of routes that say nothing themselves. */
  readonly isEnabled: boolean;
  /** Text with nginx variables, checked; empty: spans are named after the path of their rule. */
  readonly operationName: string;
  /** True: a trace that the client is part of goes on; false: each request begins a new one. */
  readonly trustsIncoming: boolean;
  readonly sampling: SamplingSettings;
  readonly spanExport: SpanExportSettings;
}

export interface SamplingSettings {
  readonly sampler: SamplerName;
  /** 0 to 1: share of the traces that `TraceIdRatioBased` takes. */
  readonly ratio: number;
  /** True: where there is a trusted parent, its decision counts instead. */
  readonly isParentBased: boolean;
}

/** Where spans go and how (OTLP over gRPC). */
export interface SpanExportSettings {
  /** Name or address of the collector; empty: there is none, and spans are not even made. */
  readonly host: string;
  readonly port: number;
  /** `service.name` of the spans. */
  readonly serviceName: string;
  /** Spans that wait for their export; more are dropped. */
  readonly maxQueueSize: number;
  /** Longest time that a span waits before its export is begun. */
  readonly scheduleDelayMs: number;
  readonly maxBatchSize: number;
}
