// A route as the workers use it: the model's row with every default filled in and every reference looked up, so that a request costs
// no look-up that could be done once. A policy that the route does not have is `undefined` here and costs nothing.
import type { LruMap } from '../kit/lru.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import type { ErrorPages } from '../model/policies/error-pages.ts';
import type { ProxyParameters, Route, RouteLabels, TlsRedirect, VirtualHost } from '../model/route.ts';
import type { Settings } from '../model/settings.ts';
import type { UpstreamKey } from '../model/upstream.ts';
import type { RouteSeries } from '../observe/request-metrics/request-metrics.ts';
import type { WorkerCounter } from '../observe/worker-counters.ts';
import type { PatternCache } from '../routing/pattern-cache.ts';
import type { ErrorBackend } from './exchange/error-backend.ts';
import { compileRetryRules, type RetryRules } from './exchange/retry-rules.ts';
import type { AuthServices } from './policies/auth-services.ts';
import type { CompiledBlocks } from './policies/blocked-clients.ts';
import type { SharedLimits } from './limits/shared-limits.ts';
import type { RouteHooks } from './policies/policy.ts';
import type { RouteTracers } from './policies/tracing.ts';
import { findHostSteps, type HostSteps } from './policies/snippet.ts';
import { type CompiledHooks, compileHooks } from './policies/compile-hooks.ts';
import { cookiePathOf } from './policies/cookie-affinity.ts';
import type { UpstreamGroup } from './upstream/upstream-group.ts';

export interface ProxyRoute {
  readonly route: Route;
  /** Of `route`, which no ordinary request needs to touch. */
  readonly labels: RouteLabels;
  readonly upstream: UpstreamGroup | undefined;
  /** What logs call it, also where the request never gets there; empty: the route has none. */
  readonly upstreamName: string;
  /** For requests that came over TLS, where it differs. */
  readonly secureUpstream: UpstreamGroup | undefined;
  readonly fallback: UpstreamGroup | undefined;
  /** Set: every request is answered with this error. */
  readonly refusal: ErrorCode | undefined;
  readonly isDefaultBackend: boolean;
  /** Without an endpoint its snippet answers, or it is a 404 behind all policies, as that of the default backend of ingress-nginx. */
  readonly answersAlone: boolean;
  /** Answers 200 itself (`--health-check-path` of the catch-all host). */
  readonly isHealthCheck: boolean;
  readonly proxy: ProxyParameters;
  readonly retry: RetryRules;
  readonly tlsRedirect: TlsRedirect | undefined;
  readonly relativeRedirects: boolean;
  readonly portInRedirects: boolean;
  readonly upstreamHost: string | undefined;
  readonly isLogged: boolean;
  /** Connection header towards the upstream with its CRLF; empty mostly. */
  readonly connectionLine: string;
  /** Whether its responses may carry an affinity cookie, and the path of it. */
  readonly setsAffinityCookie: boolean;
  readonly cookiePath: string;
  /** Whether responses are buffered or paced. */
  readonly shapesResponses: boolean;
  readonly errorBackend: ErrorBackend | undefined;
  readonly hooks: CompiledHooks | undefined;
  /** Steps of the host's snippet, which come before the route of a request is looked for. */
  readonly hostSteps: HostSteps | undefined;
  readonly isUncompressed: boolean;
  /** Undefined: requests are not counted. */
  readonly series: RouteSeries | undefined;
}

interface CompiledProxy {
  readonly proxy: ProxyParameters;
  readonly retry: RetryRules;
}

export interface RouteCompilerDeps {
  readonly settings: Settings;
  /** Rules of `settings.proxy`, for the many routes that change nothing. */
  readonly defaultRetry: RetryRules;
  readonly auth: AuthServices;
  readonly blocks: CompiledBlocks;
  readonly limits: SharedLimits;
  /** The table's own. */
  readonly patterns: PatternCache;
  /** Of routes with one family of policies whose hooks are shared with other routes. */
  readonly joinedHooks: WeakMap<RouteHooks, CompiledHooks>;
  /** Compiled once for each host; undefined in it: no steps. */
  readonly hostSteps: WeakMap<VirtualHost, HostSteps | undefined>;
  /** Hooks of snippets that routes share, by the snippet of the host or those of the settings. */
  readonly snippetHooks: WeakMap<object, RouteHooks>;
  /** Parameters with the defaults of `settings` and their retry rules, by what routes change. */
  readonly proxies: LruMap<string, CompiledProxy>;
  /** Hooks of rewrites that routes share, by target and prefix. */
  readonly rewrites: LruMap<string, RouteHooks>;
  /** Of `settings.tracing`. */
  readonly tracers: RouteTracers;
  findUpstream(key: UpstreamKey): UpstreamGroup;
  /** Over all workers. */
  readonly sumCounter: (counter: WorkerCounter) => number;
  createSeries(route: Route): RouteSeries | undefined;
}

export function compileProxyRoute(route: Route, host: VirtualHost, deps: RouteCompilerDeps): ProxyRoute {
  const { action, policies } = route;
  const { settings } = deps;
  const { proxy, retry } = compileProxy(policies.proxy, deps);
  const upstreamKey = action.kind === 'forward' || action.kind === 'default-backend' ? action.upstream : null;
  const upstream = upstreamKey === null ? undefined : deps.findUpstream(upstreamKey);
  return {
    route,
    labels: route.labels,
    upstream,
    upstreamName: upstream?.name ?? upstreamNameOf(route),
    secureUpstream: action.kind === 'forward' && action.secureUpstream !== undefined ? deps.findUpstream(action.secureUpstream) : undefined,
    fallback: action.kind === 'forward' && action.fallback !== undefined ? deps.findUpstream(action.fallback) : undefined,
    refusal: action.kind === 'refuse' ? action.code : undefined,
    isDefaultBackend: action.kind === 'default-backend',
    answersAlone: action.kind === 'answer' || action.kind === 'default-backend',
    isHealthCheck: action.kind === 'health-check',
    proxy,
    retry,
    tlsRedirect: policies.tlsRedirect,
    relativeRedirects: policies.relativeRedirects ?? settings.relativeRedirects,
    portInRedirects: policies.portInRedirects ?? settings.usePortInRedirects,
    upstreamHost: policies.upstreamHost?.includes('$') === true ? undefined : policies.upstreamHost,
    connectionLine: proxy.connectionHeader === undefined ? '' : `Connection: ${proxy.connectionHeader}\r\n`,
    isLogged: policies.accessLog !== false,
    setsAffinityCookie: policies.setsAffinityCookie === true,
    cookiePath: cookiePathOf(route.labels.path),
    shapesResponses: proxy.bandwidth !== null || proxy.responseBuffer !== null,
    errorBackend: compileErrorBackend(policies.errorPages, deps),
    hooks: compileHooks(route, host, deps),
    hostSteps: findHostSteps(host, deps),
    isUncompressed: policies.isUncompressed === true,
    series: deps.createSeries(route),
  };
}

/** As ingress-nginx names it before anything of the location is decided. */
function upstreamNameOf({ action, labels }: Route): string {
  if (action.kind === 'default-backend') return 'upstream-default-backend';
  return labels.service === '' ? '' : `${labels.namespace}-${labels.service}-${labels.servicePort}`;
}

/** Most routes that change something change the same. */
function compileProxy(
  changes: Partial<ProxyParameters> | undefined,
  { settings, defaultRetry, proxies }: RouteCompilerDeps,
): CompiledProxy {
  if (changes === undefined) return { proxy: settings.proxy, retry: defaultRetry };
  const key = JSON.stringify(changes);
  let compiled = proxies.get(key);
  if (compiled === undefined) {
    const proxy = { ...settings.proxy, ...changes };
    proxies.set(key, (compiled = { proxy, retry: compileRetryRules(proxy) }));
  }
  return compiled;
}

function compileErrorBackend(pages: ErrorPages | undefined, deps: RouteCompilerDeps): ErrorBackend | undefined {
  if (pages === undefined) return undefined;
  const { statuses, upstreams, passesBackendErrors } = pages;
  return { statuses: new Set(statuses), groups: upstreams.map((key) => deps.findUpstream(key)), passesBackendErrors };
}
