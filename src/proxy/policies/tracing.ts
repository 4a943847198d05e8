// Tracing of a route. Routes that ask for the same share one tracer; it has to see each request before anything else is decided about it,
// so it is no request policy but has a hook of its own.
import type { SpanBatcher } from '../../observe/tracing/span-batcher.ts';
import type { TracingSettings } from '../../model/policies/tracing.ts';
import { RouteTracer } from '../tracing/route-tracer.ts';
import { compileSampler, type Sampler } from '../tracing/sampler.ts';
import type { HookCompiler } from './compile-hooks.ts';
import type { RouteHooks } from './policy.ts';
import { compileTemplate } from './variables.ts';

/** Variables that are read from the head of the request, which is gone when a span gets its name. */
const READS_HEAD = /\$\{?(?:http_|cookie_|content_|remote_user|proxy_add_x_forwarded_for)/;
const MAX_SHARED = 1000;

/** The tracers of one version of the settings. */
export class RouteTracers {
  readonly #settings: TracingSettings;
  readonly #spans: SpanBatcher;
  readonly #sampler: Sampler;
  readonly #hooks = new Map<string, RouteHooks>();

  constructor(settings: TracingSettings, spans: SpanBatcher) {
    this.#settings = settings;
    this.#spans = spans;
    this.#sampler = compileSampler(settings.sampling);
  }

  get settings(): TracingSettings {
    return this.#settings;
  }

  hooksFor(operationName: string, trustsIncoming: boolean): RouteHooks {
    const key = `${trustsIncoming ? '+' : '-'}${operationName}`;
    let hooks = this.#hooks.get(key);
    if (hooks === undefined) {
      hooks = this.#create(operationName, trustsIncoming);
      if (this.#hooks.size < MAX_SHARED) this.#hooks.set(key, hooks);
    }
    return hooks;
  }

  #create(operationName: string, trustsIncoming: boolean): RouteHooks {
    const { host } = this.#settings.spanExport;
    const tracer = new RouteTracer({
      sampler: this.#sampler,
      trustsIncoming,
      operationName: operationName === '' ? undefined : compileTemplate(operationName),
      onSpan: host === '' ? undefined : (span) => this.#spans.add(span),
    });
    return { tracer, ...(READS_HEAD.test(operationName) && { lateFields: 'all' }) };
  }
}

export const compileTracing: HookCompiler = ({ policies, action }, _host, { tracers }): RouteHooks | undefined => {
  const { tracing } = policies;
  const { settings } = tracers;
  if (!(tracing?.isEnabled ?? settings.isEnabled) || action.kind === 'health-check' || action.kind === 'status-page') return undefined;
  return tracers.hooksFor(tracing?.operationName ?? settings.operationName, tracing?.trustsIncoming ?? settings.trustsIncoming);
};
