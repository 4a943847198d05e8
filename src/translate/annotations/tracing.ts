// Tracing of the routes of one Ingress. As in ingress-nginx (`annotations/opentelemetry`), the other two annotations only count where
// `enable-opentelemetry` of the same Ingress is true.
import type { RouteTracing } from '../../model/policies/tracing.ts';
import { fail } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { parseBool, parseKnownTemplate } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

/** What the annotations say; a missing member was not set. */
export interface TracingDraft {
  isEnabled?: boolean;
  trustsIncoming?: boolean;
  operationName?: string;
}

export const tracingAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'enable-opentelemetry',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      tracingDraftOf(draft).isEnabled = value;
    },
    summary:
      'Whether each request is a span of OpenTelemetry, and its context goes to the backend; default: ConfigMap `enable-opentelemetry`.',
  }),
  supported({
    name: 'opentelemetry-trust-incoming-span',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      tracingDraftOf(draft).trustsIncoming = value;
    },
    summary:
      'Whether the trace in `traceparent` of the client goes on; only counts with `enable-opentelemetry: "true"` on the same Ingress.',
  }),
  supported({
    name: 'opentelemetry-operation-name',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'drop',
    parse: parseOperationName,
    set: (draft, value) => {
      tracingDraftOf(draft).operationName = value;
    },
    summary: 'Name of the spans; only counts with `enable-opentelemetry: "true"` on the same Ingress.',
    differs: 'the name may also have nginx variables, such as `$request_method`',
  }),
];

function tracingDraftOf(draft: AnnotationDraft): TracingDraft {
  draft.tracing ??= {};
  return draft.tracing;
}

function parseOperationName(text: string): Result<string> {
  if (/^[A-Za-z0-9_${}-]{1,1024}$/.test(text)) return parseKnownTemplate(text);
  return fail('is not a name of at most 1024 letters, digits, "_" and "-", nginx variables included');
}

/** Undefined: as the ConfigMap says. */
export function tracingOf({ tracing }: Readonly<AnnotationDraft>): RouteTracing | undefined {
  if (tracing?.isEnabled === undefined) return undefined;
  const { isEnabled, operationName, trustsIncoming } = tracing;
  if (!isEnabled) return { isEnabled };
  return {
    isEnabled,
    ...(operationName !== undefined && { operationName }),
    ...(trustsIncoming !== undefined && { trustsIncoming }),
  };
}

/** Names of the annotations that have no effect, for the Ingress does not enable tracing itself. */
export function idleTracingAnnotations({ tracing }: Readonly<AnnotationDraft>): readonly string[] {
  if (tracing === undefined || tracing.isEnabled === true) return [];
  const names = [];
  if (tracing.trustsIncoming !== undefined) names.push('opentelemetry-trust-incoming-span');
  if (tracing.operationName !== undefined) names.push('opentelemetry-operation-name');
  return names;
}
