// A route as the workers use it: the model's row with every default filled in and every reference looked up, so that a request costs
// no look-up that could be done once. A policy that the route does not have is `undefined` here and costs nothing.
import type { ErrorCode } from '../model/error-codes.ts';
import type { ProxyParameters, Route, TlsRedirect } from '../model/route.ts';
import type { Settings } from '../model/settings.ts';
import type { UpstreamKey } from '../model/upstream.ts';
import type { RouteSeries } from '../observe/request-metrics/request-metrics.ts';
import type { UpstreamGroup } from './upstream/upstream-group.ts';

export interface ProxyRoute {
  readonly route: Route;
  readonly upstream: UpstreamGroup | undefined;
  readonly fallback: UpstreamGroup | undefined;
  /** Set: every request is answered with this error. */
  readonly refusal: ErrorCode | undefined;
  readonly isDefaultBackend: boolean;
  readonly proxy: ProxyParameters;
  readonly tlsRedirect: TlsRedirect | undefined;
  readonly upstreamHost: string | undefined;
  readonly isLogged: boolean;
  /** Tries in all; at least 1. */
  readonly maxTries: number;
  readonly retriesOnError: boolean;
  readonly retriesOnTimeout: boolean;
  readonly retriesNonIdempotent: boolean;
  /** Statuses of a response that make another endpoint be tried; undefined: none. */
  readonly retryStatuses: ReadonlySet<number> | undefined;
  readonly series: RouteSeries;
}

export interface RouteCompilerDeps {
  readonly settings: Settings;
  findUpstream(key: UpstreamKey): UpstreamGroup;
  createSeries(route: Route): RouteSeries;
}

export function compileProxyRoute(route: Route, deps: RouteCompilerDeps): ProxyRoute {
  const { action, policies } = route;
  const proxy = policies.proxy === undefined ? deps.settings.proxy : { ...deps.settings.proxy, ...policies.proxy };
  const conditions = new Set(proxy.nextUpstream);
  const retryStatuses = [500, 502, 503, 504, 403, 404, 429].filter((status) => conditions.has(`http_${status}` as 'http_500'));
  const upstreamKey = action.kind === 'forward' || action.kind === 'default-backend' ? action.upstream : null;
  return {
    route,
    upstream: upstreamKey === null ? undefined : deps.findUpstream(upstreamKey),
    fallback: action.kind === 'forward' && action.fallback !== undefined ? deps.findUpstream(action.fallback) : undefined,
    refusal: action.kind === 'refuse' ? action.code : undefined,
    isDefaultBackend: action.kind === 'default-backend',
    proxy,
    tlsRedirect: policies.tlsRedirect,
    upstreamHost: policies.upstreamHost,
    isLogged: policies.accessLog !== false,
    maxTries: conditions.size === 0 ? 1 : proxy.nextUpstreamTries === 0 ? Infinity : proxy.nextUpstreamTries,
    retriesOnError: conditions.has('error'),
    retriesOnTimeout: conditions.has('timeout'),
    retriesNonIdempotent: conditions.has('non_idempotent'),
    retryStatuses: retryStatuses.length === 0 ? undefined : new Set(retryStatuses),
    series: deps.createSeries(route),
  };
}
