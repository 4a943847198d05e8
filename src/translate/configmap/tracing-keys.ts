// Keys of tracing: ingress-nginx reference 3.8, whose values go into the configuration of nginx's OpenTelemetry module.
import type { SamplerName } from '../../model/policies/tracing.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { integerBetween, oneOf, parseBool, parseKnownTemplate, textMatching } from '../value-parsers.ts';
import { noEffect, supported } from './row.ts';
import type { ConfigRow } from './row.ts';

/** Longest time between two exports, a day. */
const MAX_DELAY_MS = 86_400_000;
/** Bound on what spans may take: about a kilobyte each. */
const MAX_SPANS = 100_000;

const routeKeys: readonly ConfigRow[] = [
  supported({
    key: 'enable-opentelemetry',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.tracing.isEnabled = value;
    },
    summary:
      'Makes each request a span, and passes its context on to the backend; annotation `enable-opentelemetry` decides for an Ingress.',
  }),
  supported({
    key: 'opentelemetry-operation-name',
    defaultText: '',
    parse: parseOperationName,
    set: (draft, value) => {
      draft.settings.tracing.operationName = value;
    },
    summary: 'Name of spans with nginx variables; the path of the rule otherwise.',
  }),
  supported({
    key: 'opentelemetry-trust-incoming-span',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.tracing.trustsIncoming = value;
    },
    summary: 'Whether the trace in `traceparent` of the client goes on; a new one begins otherwise.',
  }),
];

const samplerKeys: readonly ConfigRow[] = [
  supported({
    key: 'otel-sampler',
    defaultText: 'AlwaysOn',
    parse: oneOf<SamplerName>(['AlwaysOn', 'AlwaysOff', 'TraceIdRatioBased']),
    set: (draft, value) => {
      draft.settings.tracing.sampling.sampler = value;
    },
    summary: 'Which traces are sampled: all, none, or a share by their id.',
  }),
  supported({
    key: 'otel-sampler-ratio',
    defaultText: '0.01',
    parse: parseRatio,
    set: (draft, value) => {
      draft.settings.tracing.sampling.ratio = value;
    },
    summary: 'Share of the traces that `TraceIdRatioBased` samples, from 0 to 1.',
  }),
  supported({
    key: 'otel-sampler-parent-based',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.tracing.sampling.isParentBased = value;
    },
    summary: 'Where the client is part of a trace that goes on, its decision about sampling counts.',
  }),
];

const exportKeys: readonly ConfigRow[] = [
  supported({
    key: 'otlp-collector-host',
    defaultText: '',
    parse: parseCollectorHost,
    set: (draft, value) => {
      draft.settings.tracing.spanExport.host = value;
      draft.routing.hasCollector = true;
    },
    summary: 'Name or address of the collector, which gets OTLP over gRPC without TLS; without one, spans go nowhere.',
  }),
  supported({
    key: 'otlp-collector-port',
    defaultText: '4317',
    parse: integerBetween(1, 65535),
    set: (draft, value) => {
      draft.settings.tracing.spanExport.port = value;
    },
    summary: 'Port of the collector.',
  }),
  supported({
    key: 'otel-service-name',
    defaultText: 'nginx',
    parse: textMatching(/^[\x20-\x7e]{1,255}$/, 'a name of at most 255 printable ASCII characters'),
    set: (draft, value) => {
      draft.settings.tracing.spanExport.serviceName = value;
    },
    summary: '`service.name` of spans.',
  }),
  supported({
    key: 'otel-max-queuesize',
    defaultText: '2048',
    parse: integerBetween(1, MAX_SPANS),
    set: (draft, value) => {
      draft.settings.tracing.spanExport.maxQueueSize = value;
    },
    summary: 'Spans that wait for their export; more are dropped and counted.',
  }),
  supported({
    key: 'otel-schedule-delay-millis',
    defaultText: '5000',
    parse: integerBetween(1, MAX_DELAY_MS),
    set: (draft, value) => {
      draft.settings.tracing.spanExport.scheduleDelayMs = value;
    },
    summary: 'Milliseconds between two exports; a full batch goes at once.',
  }),
  supported({
    key: 'otel-max-export-batch-size',
    defaultText: '512',
    parse: integerBetween(1, MAX_SPANS),
    set: (draft, value) => {
      draft.settings.tracing.spanExport.maxBatchSize = value;
    },
    summary: 'Most spans of one export.',
  }),
];

export const tracingKeys: readonly ConfigRow[] = [
  ...routeKeys,
  ...samplerKeys,
  ...exportKeys,
  ...noEffect("it is the path of a file for nginx's module; the keys `otlp-*` and `otel-*` say the same", [
    ['opentelemetry-config', '/etc/ingress-controller/telemetry/opentelemetry.toml', 'Path of the OpenTelemetry configuration.'],
  ]),
];

function parseOperationName(text: string): Result<string> {
  return /^[\x20-\x7e]{1,1024}$/.test(text) ? parseKnownTemplate(text) : fail('is not a name of at most 1024 printable ASCII characters');
}

function parseRatio(text: string): Result<number> {
  const ratio = /^(?:\d{1,3}(?:\.\d{0,17})?|\.\d{1,17})(?:e-\d{1,2})?$/i.test(text) ? Number(text) : Number.NaN;
  return ratio >= 0 && ratio <= 1 ? ok(ratio) : fail('is not a number between 0 and 1');
}

/** A name, an IPv4 address, or an IPv6 address, in brackets or not. ingress-nginx also takes a URL, of which the host counts. */
function parseCollectorHost(text: string): Result<string> {
  if (text.startsWith('https://')) return fail('asks for TLS, which is not used towards the collector');
  const host = text.replace(/^http:\/\//, '').replace(/\/$/, '');
  const address = /^\[?([0-9a-fA-F:.]{2,45})\]?$/.exec(host)?.[1];
  if (address?.includes(':') === true) return ok(address);
  const isName = host.length <= 253 && /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) && !host.includes('..');
  return isName ? ok(host) : fail('is no name and no address');
}
